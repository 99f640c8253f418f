//! An impersonation that one server ends by force, the other refuses on the very next request.

use crate::client::{Client, Outcome};
use crate::count;
use crate::place::Site;
use futures_util::future::try_join_all;
use protocol::auth::LoginAnswer;
use protocol::impersonation::ImpersonationGrant;
use protocol::{ErrorCode, Secret};
use serde_json::json;
use std::sync::Arc;
use vigie_tests::Disk;

const AT_ONCE: usize = 8;

/// How long giving the password again counts is five minutes: it is given again well before.
const TURNS_WITH_ONE_PASSWORD: usize = 100;

struct Desk {
    client: Client,
    signed_in: LoginAnswer,
}

impl Desk {
    async fn open(client: &Client, url: &str) -> Self {
        let signed_in = client.login(url, "dominique").await.done();
        Self {
            client: client.clone(),
            signed_in,
        }
    }

    fn access(&self) -> &Secret {
        &self.signed_in.tokens.access_token
    }

    async fn confirm(&self, url: &str) {
        let password = json!({ "password": self.client.password() });
        let path = "/v1/auth/reauthenticate";
        self.client.post(url, path, self.access(), &password).await.done();
    }

    async fn act(&self, url: &str, user_id: uuid::Uuid) -> ImpersonationGrant {
        let body = json!({ "user_id": user_id, "reason": "a sale that does not leave" });
        let begun = self
            .client
            .post(url, "/v1/impersonations", self.access(), &body)
            .await
            .done();
        serde_json::from_value(begun).unwrap()
    }

    async fn force(&self, url: &str, grant: &ImpersonationGrant) {
        let path = format!("/v1/impersonations/{}/force-stop", grant.session_id);
        self.client
            .post(url, &path, self.access(), &json!({}))
            .await
            .done();
    }
}

/// Forces one impersonation after another to end at one server, and asks both at once. Returns how many requests were still
/// served.
async fn leaks(client: Client, urls: Arc<[String; 2]>, most: usize) -> usize {
    let camille = client.login(&urls[0], "camille").await.done().me.user_id;
    let desk = Desk::open(&client, &urls[0]).await;
    let mut leaks = 0;
    for turn in 0..most {
        let (here, there) = (&urls[turn % 2], &urls[(turn + 1) % 2]);
        if turn % TURNS_WITH_ONE_PASSWORD == 0 {
            desk.confirm(here).await;
        }
        let grant = desk.act(here, camille).await;
        client.me(there, &grant.access_token).await.done();
        desk.force(here, &grant).await;
        for url in [there, here] {
            match client.me(url, &grant.access_token).await {
                Outcome::Done(_) => leaks += 1,
                Outcome::Refused(code) => assert_eq!(code, ErrorCode::ImpersonationForced),
                Outcome::NotNow(why) => panic!("{why}"),
            }
        }
    }
    leaks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_impersonation_is_refused_by_the_other_server_on_the_next_request() {
    let site = Site::open(Disk::NotWaited);
    let above = ["user", "promote", "dominique"];
    site.servers[0].command(above, b"").unwrap();
    let urls = Arc::new(site.urls());
    let tries = count("VIGIE_FORCE_STOPS", 500);
    let each = tries.div_ceil(AT_ONCE * 2);
    let running = (0..AT_ONCE).map(|_| tokio::spawn(leaks(site.client(), Arc::clone(&urls), each)));
    let leaks: usize = try_join_all(running).await.unwrap().into_iter().sum();
    println!(
        "{leaks} requests served in {} tries after a force stop",
        each * AT_ONCE * 2
    );
    assert_eq!(leaks, 0);
}
