//! Figures of a site with two servers: each tells the same to the unit, whichever noted what.

use std::time::Duration;

use crate::client::Client;
use crate::place::Site;
use futures_util::future::try_join_all;
use protocol::insight::SessionMetrics;
use protocol::{ErrorCode, Secret};
use serde_json::json;
use uuid::Uuid;
use vigie_tests::Disk;

const TILLS: usize = 8;
const REFRESHES: usize = 25;
/// By so many turns the one late duplicate is late; the server knows it still.
const TURNS_LATE: usize = 4;

/// A till that refreshes at one server and the other in turn, is late once, and signs out.
async fn till(client: Client, urls: [String; 2], n: usize) {
    let answer = client.login(&urls[n % 2], "camille").await.done();
    let mut token = answer.tokens.refresh_token;
    let mut access = answer.tokens.access_token;
    let mut late = (token.clone(), Uuid::new_v4());
    for turn in 0..REFRESHES {
        let attempt = Uuid::new_v4();
        if turn == REFRESHES - TURNS_LATE {
            late = (token.clone(), attempt);
        }
        let answer = client
            .refresh(&urls[(n + turn) % 2], &token, attempt)
            .await
            .done();
        (token, access) = (answer.refresh_token, answer.access_token);
    }
    let refused = client.refresh(&urls[n % 2], &late.0, late.1).await.refused();
    assert_eq!(refused, ErrorCode::StaleAttempt);
    let nonsense = Secret::new("no token".to_owned());
    client
        .refresh(&urls[n % 2], &nonsense, Uuid::new_v4())
        .await
        .refused();
    client
        .post(&urls[(n + 1) % 2], "/v1/auth/logout", &access, &json!({}))
        .await
        .done();
}

/// The figures that add up, of a server: as it answers them, and as the table's last line has them.
async fn figures(client: &Client, url: &str, access: &Secret) -> [[u32; 6]; 2] {
    let metrics: SessionMetrics = client
        .get(url, "/v1/admin/sessions/metrics?range=1h", access)
        .await
        .done();
    let ends = metrics.ends.iter().map(|end| end.sessions).sum();
    let table = client
        .text(url, "/v1/admin/sessions/metrics/export?range=1h", access)
        .await;
    let last = table.trim_end().rsplit("\r\n").next().unwrap().to_owned();
    let cells: Vec<u32> = last
        .split(',')
        .skip(1)
        .take(7)
        .map(|cell| cell.parse().unwrap())
        .collect();
    let told = [
        metrics.refreshes.success,
        metrics.refreshes.failure,
        metrics.refreshes.rejected,
        metrics.logins.success,
        metrics.logins.failure,
        ends,
    ];
    let tabled = [
        cells[0],
        cells[1],
        cells[2],
        cells[3],
        cells[4],
        cells[5] + cells[6],
    ];
    [told, tabled]
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_tell_the_same_figures_to_the_unit() {
    let site = Site::open(Disk::NotWaited);
    let (client, urls) = (site.client(), site.urls());
    let access = client
        .login(&urls[0], "dominique")
        .await
        .done()
        .tokens
        .access_token;
    let running = (0..TILLS).map(|n| tokio::spawn(till(client.clone(), urls.clone(), n)));
    try_join_all(running).await.unwrap();
    let tills = u32::try_from(TILLS).unwrap();
    let refreshes = tills * u32::try_from(REFRESHES).unwrap();
    let expected = [[refreshes, tills, tills, tills + 1, 0, tills]; 2];
    for url in &urls {
        for _ in 0..600 {
            if figures(&client, url, &access).await == expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // It stays so: nothing is counted a second time later on.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for url in &urls {
        assert_eq!(figures(&client, url, &access).await, expected);
    }
}
