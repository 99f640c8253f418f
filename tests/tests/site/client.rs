//! A client that speaks to any of a site's servers and knows what it must never hear.

use protocol::auth::{LoginAnswer, LoginRequest, RefreshRequest, TokenAnswer};
use protocol::sale::{CategoryList, IDEMPOTENCY_KEY, NewSale, Payment, PaymentMethod, SaleLine};
use protocol::{ErrorCode, Problem, Secret};
use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use std::time::Duration;
use uuid::Uuid;

/// What came of a call.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    /// Done.
    Done(T),
    /// Refused, with this code.
    Refused(ErrorCode),
    /// No verdict: no connection, a cut answer, or a server that says it cannot just now.
    NotNow(String),
}

impl<T> Outcome<T> {
    /// What was done.
    #[track_caller]
    pub(crate) fn done(self) -> T {
        match self {
            Self::Done(done) => done,
            Self::Refused(code) => panic!("refused: {code}"),
            Self::NotNow(why) => panic!("not just now: {why}"),
        }
    }

    /// Why it was refused.
    #[track_caller]
    pub(crate) fn refused(self) -> ErrorCode {
        match self {
            Self::Refused(code) => code,
            Self::Done(_) => panic!("not refused"),
            Self::NotNow(why) => panic!("not just now: {why}"),
        }
    }
}

/// A browser of no particular kind.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    password: String,
}

impl Client {
    pub(crate) fn new(password: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .user_agent("site-test/1")
            .build()
            .unwrap();
        Self {
            http,
            password: password.to_owned(),
        }
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    pub(crate) async fn login(&self, url: &str, username: &str) -> Outcome<LoginAnswer> {
        let request = LoginRequest {
            username: username.to_owned(),
            password: Secret::new(self.password.clone()),
            organization: None,
            device_name: "Caisse".to_owned(),
            device_kind: protocol::auth::DeviceKind::Till,
        };
        read(self.http.post(format!("{url}/v1/auth/login")).json(&request)).await
    }

    pub(crate) async fn refresh(&self, url: &str, token: &Secret, attempt: Uuid) -> Outcome<TokenAnswer> {
        let request = RefreshRequest {
            refresh_token: token.clone(),
            attempt_id: attempt,
            rotate: true,
            last_input_age_seconds: Some(1),
        };
        read(self.http.post(format!("{url}/v1/auth/refresh")).json(&request)).await
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        url: &str,
        path: &str,
        access: &Secret,
    ) -> Outcome<T> {
        let call = self.http.get(format!("{url}{path}"));
        read(call.bearer_auth(access.expose())).await
    }

    /// A body as it is.
    pub(crate) async fn text(&self, url: &str, path: &str, access: &Secret) -> String {
        let call = self.http.get(format!("{url}{path}"));
        let response = call.bearer_auth(access.expose()).send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response.text().await.unwrap()
    }

    pub(crate) async fn me(&self, url: &str, access: &Secret) -> Outcome<serde_json::Value> {
        let call = self.http.get(format!("{url}/v1/auth/me"));
        read(call.bearer_auth(access.expose())).await
    }

    pub(crate) async fn post(
        &self,
        url: &str,
        path: &str,
        access: &Secret,
        body: &serde_json::Value,
    ) -> Outcome<serde_json::Value> {
        let call = self.http.post(format!("{url}{path}")).json(body);
        read(call.bearer_auth(access.expose())).await
    }

    pub(crate) async fn category(&self, url: &str, access: &Secret) -> Uuid {
        let call = self.http.get(format!("{url}/v1/categories"));
        let list: CategoryList = read(call.bearer_auth(access.expose())).await.done();
        list.categories.first().unwrap().id
    }

    /// Sends a ticket of one piece.
    pub(crate) async fn sell(
        &self,
        url: &str,
        access: &Secret,
        ticket: Uuid,
        category_id: Uuid,
    ) -> Outcome<serde_json::Value> {
        let sale = NewSale {
            lines: vec![SaleLine {
                category_id,
                quantity: 1,
                weight_grams: 0,
                unit_price_cents: 100,
            }],
            payments: vec![Payment {
                method: PaymentMethod::Cash,
                amount_cents: 100,
            }],
            total_cents: 100,
            note: String::new(),
            finished_at: chrono::DateTime::UNIX_EPOCH,
            organization_id: None,
            till_day_id: None,
        };
        let call = self.http.post(format!("{url}/v1/sales")).json(&sale);
        let call = call.header(IDEMPOTENCY_KEY, ticket.to_string());
        read(call.bearer_auth(access.expose())).await
    }
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Outcome<T> {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Outcome::NotNow(error.to_string()),
    };
    let status = response.status();
    let body = match response.bytes().await {
        Ok(body) => body,
        Err(error) => return Outcome::NotNow(error.to_string()),
    };
    if status == StatusCode::NO_CONTENT {
        return serde_json::from_value(serde_json::Value::Null)
            .map_or_else(|error| panic!("{error}"), Outcome::Done);
    }
    if status.is_success() {
        return serde_json::from_slice(&body).map_or_else(|error| panic!("{error}"), Outcome::Done);
    }
    let problem: Problem =
        serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{status} without a problem: {error}"));
    match status {
        StatusCode::SERVICE_UNAVAILABLE => Outcome::NotNow(problem.code.to_string()),
        _ => Outcome::Refused(problem.code),
    }
}
