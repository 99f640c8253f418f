//! What one server revokes, the other refuses on the very next request.

use crate::client::{Client, Outcome};
use crate::count;
use crate::place::Site;
use futures_util::future::try_join_all;
use protocol::{ErrorCode, Secret};
use serde_json::json;
use std::sync::Arc;
use vigie_tests::Disk;

const AT_ONCE: usize = 8;

async fn signed_in(client: &Client, url: &str, username: &str) -> (Secret, String) {
    let answer = client.login(url, username).await.done();
    (answer.tokens.access_token, answer.tokens.session_id.to_string())
}

/// Revokes one session after another at one server and asks the other at once. Returns how many were still served.
async fn leaks(client: Client, urls: Arc<[String; 2]>, most: usize) -> usize {
    let mut leaks = 0;
    let mut administrator = String::new();
    let mut admin_access = Secret::new(String::new());
    for turn in 0..most {
        let (here, there) = (&urls[turn % 2], &urls[(turn + 1) % 2]);
        if turn % 500 == 0 {
            (admin_access, administrator) = signed_in(&client, here, "dominique").await;
            let password = json!({ "password": client.password() });
            client
                .post(here, "/v1/auth/reauthenticate", &admin_access, &password)
                .await
                .done();
        }
        let (access, session) = signed_in(&client, here, "camille").await;
        assert_ne!(session, administrator);
        if turn % 10 == 0 {
            client.me(there, &access).await.done();
        }
        let expected = if turn % 2 == 0 {
            client
                .post(here, "/v1/auth/logout", &access, &json!({}))
                .await
                .done();
            ErrorCode::SessionSignedOut
        } else {
            let path = format!("/v1/admin/sessions/{session}/revoke");
            client.post(here, &path, &admin_access, &json!({})).await.done();
            ErrorCode::SessionRevoked
        };
        match client.me(there, &access).await {
            Outcome::Done(_) => leaks += 1,
            Outcome::Refused(code) => assert_eq!(code, expected),
            Outcome::NotNow(why) => panic!("{why}"),
        }
    }
    leaks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_session_is_refused_by_the_other_server_on_the_next_request() {
    let site = Site::open(Disk::NotWaited);
    let urls = Arc::new(site.urls());
    let each = count("VIGIE_REVOCATIONS", 1_600).div_ceil(AT_ONCE);
    let running = (0..AT_ONCE).map(|_| tokio::spawn(leaks(site.client(), Arc::clone(&urls), each)));
    let leaks: usize = try_join_all(running).await.unwrap().into_iter().sum();
    println!("{leaks} leaks in {} revocations", each * AT_ONCE);
    assert_eq!(leaks, 0);
}
