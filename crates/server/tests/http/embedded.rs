//! The server inside the app: its own first account, its own data directory.

use axum::body::Body;
use http::Request;
use serde_json::json;
use server::embedded::{EmbeddedError, EmbeddedServer, open};
use server::first_operator::FirstOperatorError;
use server::{Keys, ServerOptions};
use store::StoreError;
use tower::ServiceExt as _;

use crate::events::Heard;

async fn can_sign_in(server: &EmbeddedServer, username: &str, password: &str) -> u16 {
    let body = json!({ "username": username, "password": password, "device_name": "Caisse 1" });
    let request = Request::post("/v1/auth/login")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    server
        .router
        .clone()
        .oneshot(request)
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn a_fresh_server_takes_one_first_operator_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::generate().unwrap();
    let data = folder.path().join("data");
    let server = open(&data, &keys, ServerOptions::default()).await.unwrap();
    assert!(!server.has_operator().await.unwrap());
    let short = server
        .first_operator("Ma boutique", "Camille", "Camille", &"short".to_owned().into())
        .await;
    assert!(matches!(short, Err(FirstOperatorError::Password(_))), "{short:?}");
    let password = "right horse".to_owned().into();
    server
        .first_operator("Ma boutique", "Camille", "Camille", &password)
        .await
        .unwrap();
    assert!(server.has_operator().await.unwrap());
    let second = server
        .first_operator("Ma boutique", "eva", "Eva", &password)
        .await;
    assert!(matches!(second, Err(FirstOperatorError::Exists)), "{second:?}");
    assert_eq!(can_sign_in(&server, "camille", "right horse").await, 200);
    server.close().await;

    let server = open(&data, &keys, ServerOptions::default()).await.unwrap();
    assert!(server.has_operator().await.unwrap());
    assert_eq!(can_sign_in(&server, "camille", "right horse").await, 200);
    server.close().await;
}

async fn with_camille(folder: &std::path::Path, keys: &Keys) -> (EmbeddedServer, serde_json::Value) {
    let server = open(folder, keys, ServerOptions::default()).await.unwrap();
    let password = "right horse".to_owned().into();
    server
        .first_operator("Ma boutique", "Camille", "Camille", &password)
        .await
        .unwrap();
    let body = json!({ "username": "camille", "password": "right horse", "device_name": "Caisse 1" });
    let login = Request::post("/v1/auth/login")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let answer = server.router.clone().oneshot(login).await.unwrap();
    let answer = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .unwrap();
    (server, serde_json::from_slice(&answer).unwrap())
}

async fn get(server: &EmbeddedServer, path: &str, answer: &serde_json::Value) -> Body {
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let call = Request::get(path)
        .header("authorization", bearer)
        .body(Body::empty())
        .unwrap();
    let response = server.router.clone().oneshot(call).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body()
}

#[tokio::test]
async fn events_come_through_the_router_and_end_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let (server, camille) = with_camille(folder.path(), &Keys::generate().unwrap()).await;
    let mut heard = Heard::of(get(&server, "/v1/events", &camille).await);
    assert_eq!(heard.block().await.as_deref(), Some(": listening"));
    server.close().await;
    assert_eq!(heard.block().await, None);
}

#[tokio::test]
async fn uses_of_sessions_are_written_before_it_closes() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::generate().unwrap();
    let (server, camille) = with_camille(folder.path(), &keys).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    drop(get(&server, "/v1/auth/me", &camille).await);
    server.close().await;
    let server = open(folder.path(), &keys, ServerOptions::default())
        .await
        .unwrap();
    let id = camille["session_id"].as_str().unwrap().parse().unwrap();
    let session = server
        .server()
        .store()
        .identity(id)
        .await
        .unwrap()
        .unwrap()
        .session;
    assert!(session.last_used_at >= session.created_at + 20, "{session:?}");
    server.close().await;
}

#[tokio::test]
async fn two_servers_on_one_database_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::generate().unwrap();
    let first = open(folder.path(), &keys, ServerOptions::default())
        .await
        .unwrap();
    let second = open(folder.path(), &keys, ServerOptions::default())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(second, EmbeddedError::Store(StoreError::InUse(_))),
        "{second}"
    );
    first.close().await;
}

#[cfg(feature = "demo")]
#[tokio::test]
async fn the_demonstration_is_made_once_and_lets_its_people_in() {
    use protocol::auth::OrganizationRole;
    use server::demo::{ALIX, CAMILLE, DOMINIQUE, ORGANIZATION, OTHER_ORGANIZATION, seed};
    let folder = tempfile::tempdir().unwrap();
    let server = open(
        folder.path(),
        &Keys::generate().unwrap(),
        ServerOptions::default(),
    )
    .await
    .unwrap();
    let store = server.server().store();
    seed(store.as_ref()).await.unwrap();
    seed(store.as_ref()).await.unwrap();
    let organizations = store.organizations().await.unwrap();
    assert_eq!(
        organizations.iter().map(|o| o.slug.as_str()).collect::<Vec<_>>(),
        [OTHER_ORGANIZATION, ORGANIZATION]
    );
    for (organization, count) in organizations.iter().zip([4, 12]) {
        let categories = store.categories(organization.id).await.unwrap();
        assert_eq!(categories.len(), count);
        let shortcuts: std::collections::BTreeSet<_> =
            categories.iter().map(|c| c.shortcut.clone()).collect();
        assert_eq!(shortcuts.len(), count);
    }
    let roles = async |username: &str| -> (bool, Vec<(String, OrganizationRole)>) {
        let user = store.user_by_name(username).await.unwrap().unwrap();
        let roles = user.memberships.into_iter();
        (
            user.super_admin,
            roles.map(|m| (m.organization.slug, m.role)).collect(),
        )
    };
    let (here, there) = (ORGANIZATION.to_owned(), OTHER_ORGANIZATION.to_owned());
    assert_eq!(
        roles("dominique").await,
        (
            false,
            vec![
                (here.clone(), OrganizationRole::Admin),
                (there.clone(), OrganizationRole::User)
            ]
        )
    );
    assert_eq!(
        roles("alix").await,
        (
            true,
            vec![(here, OrganizationRole::Owner), (there, OrganizationRole::Owner)]
        )
    );
    for account in [CAMILLE, DOMINIQUE, ALIX] {
        assert_eq!(
            can_sign_in(&server, account.username, account.password).await,
            200
        );
    }
    server.close().await;
}
