//! People with an account.

use http::Method;
use keeper::AuthorisedClient;
use protocol::administration::{
    MembershipRequest, NewUserAnswer, NewUserRequest, OneTimePasswordAnswer, UserChange, UserDetail,
    UserList, UserSummary,
};

use super::{id, with_query};
use crate::api;
use crate::view::administration::{OneTimePassword, PeoplePage, PeopleQuery, Person, PersonDetail};
use crate::view::{Millis, UiError, UiErrorCode};

const USERS: &str = "/v1/admin/users";

/// People on a page: what a screen takes in.
const PAGE: u32 = 50;

fn of(user_id: &str) -> Result<String, UiError> {
    Ok(format!("{USERS}/{}", id(user_id, UiErrorCode::UserNotFound)?))
}

/// The people that fit, a page of them.
///
/// # Errors
/// Whatever stood in the way.
pub async fn list(client: &AuthorisedClient, query: PeopleQuery) -> Result<PeoplePage, UiError> {
    let path = with_query(
        USERS,
        &[
            ("search", query.search),
            ("everywhere", query.everywhere.then(|| "true".to_owned())),
            ("after", query.after),
            ("limit", Some(PAGE.to_string())),
        ],
    );
    let list: UserList = api::call(client, Method::GET, &path).await?;
    Ok(PeoplePage {
        people: list.users.into_iter().map(person).collect(),
        next: list.next,
    })
}

/// One of them.
///
/// # Errors
/// Whatever stood in the way.
pub async fn detail(client: &AuthorisedClient, user_id: &str) -> Result<PersonDetail, UiError> {
    api::call(client, Method::GET, &of(user_id)?)
        .await
        .map(person_detail)
}

/// Makes an account; its password is for one sign-in.
///
/// # Errors
/// Whatever stood in the way.
pub async fn add(client: &AuthorisedClient, new: &NewUserRequest) -> Result<OneTimePassword, UiError> {
    let answer: NewUserAnswer = api::call_with(client, Method::POST, USERS, new).await?;
    Ok(OneTimePassword {
        username: answer.user.user.username,
        password: answer.one_time_password.expose().to_owned(),
        revoked: 0,
    })
}

/// Changes an account.
///
/// # Errors
/// Whatever stood in the way.
pub async fn change(
    client: &AuthorisedClient,
    user_id: &str,
    change: &UserChange,
) -> Result<PersonDetail, UiError> {
    api::call_with(client, Method::PATCH, &of(user_id)?, change)
        .await
        .map(person_detail)
}

/// Makes somebody of another organisation a member of the current one.
///
/// # Errors
/// Whatever stood in the way.
pub async fn join(
    client: &AuthorisedClient,
    user_id: &str,
    membership: &MembershipRequest,
) -> Result<PersonDetail, UiError> {
    let path = format!("{}/membership", of(user_id)?);
    api::call_with(client, Method::PUT, &path, membership)
        .await
        .map(person_detail)
}

/// Ends the membership in the current organisation, and says how many sessions ended with it.
///
/// # Errors
/// Whatever stood in the way.
pub async fn remove(client: &AuthorisedClient, user_id: &str) -> Result<(), UiError> {
    api::call_for_nothing(client, Method::DELETE, &format!("{}/membership", of(user_id)?)).await
}

/// Makes a password for one sign-in in the place of the one there is.
///
/// # Errors
/// Whatever stood in the way.
pub async fn reset_password(client: &AuthorisedClient, user_id: &str) -> Result<OneTimePassword, UiError> {
    let path = of(user_id)?;
    let before: UserDetail = api::call(client, Method::GET, &path).await?;
    let answer: OneTimePasswordAnswer = api::call(client, Method::POST, &format!("{path}/password")).await?;
    Ok(OneTimePassword {
        username: before.user.username,
        password: answer.one_time_password.expose().to_owned(),
        revoked: answer.revoked,
    })
}

fn person(user: UserSummary) -> Person {
    let millis = |moment: chrono::DateTime<chrono::Utc>| Millis::from_epoch_ms(moment.timestamp_millis());
    Person {
        user_id: user.user_id.to_string(),
        username: user.username,
        display_name: user.display_name,
        role: user.role,
        site_id: user.site_id.map(|id| id.to_string()),
        site_name: user.site_name,
        is_disabled: user.disabled_at.is_some(),
        is_super_admin: user.super_admin,
        last_sign_in_at_ms: user.last_sign_in_at.map(millis),
    }
}

fn person_detail(detail: UserDetail) -> PersonDetail {
    PersonDetail {
        must_change_password: detail.must_change_password,
        organizations: detail
            .memberships
            .into_iter()
            .map(|membership| membership.organization_name)
            .collect(),
        allowed: detail.allowed,
        person: person(detail.user),
    }
}
