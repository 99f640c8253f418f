//! 64 parallel uses of one refresh token at two servers: by one holder, by two, and with late duplicates.

use crate::client::{Client, Outcome};
use crate::count;
use crate::place::Site;
use futures_util::future::join_all;
use protocol::auth::TokenAnswer;
use protocol::{ErrorCode, Secret};
use std::collections::BTreeSet;
use uuid::Uuid;
use vigie_tests::Disk;

const AT_ONCE: usize = 64;

async fn all(
    client: &Client,
    urls: &[String; 2],
    token: &Secret,
    attempts: &[Uuid],
) -> Vec<(Uuid, Outcome<TokenAnswer>)> {
    let calls = (0..AT_ONCE).map(|index| {
        let attempt = attempts[index % attempts.len()];
        let url = &urls[(index / attempts.len()) % 2];
        async move { (attempt, client.refresh(url, token, attempt).await) }
    });
    join_all(calls).await
}

#[tokio::test]
async fn one_holder_who_repeats_an_attempt_gets_one_successor_and_loses_nothing() {
    let site = Site::open(Disk::NotWaited);
    let (client, urls) = (site.client(), site.urls());
    let rounds = count("VIGIE_ROUNDS", 60);

    let mut token = client
        .login(&urls[0], "camille")
        .await
        .done()
        .tokens
        .refresh_token;
    for round in 0..rounds {
        let answers = all(&client, &urls, &token, &[Uuid::new_v4()]).await;
        let successors: BTreeSet<String> = answers
            .into_iter()
            .map(|(_, answer)| answer.done().refresh_token.expose().to_owned())
            .collect();
        assert_eq!(successors.len(), 1, "round {round}: one live branch");
        token = Secret::new(successors.into_iter().next().unwrap());
    }
    println!("{rounds} rounds of {AT_ONCE}: one successor each, no sign-out");
}

#[tokio::test]
async fn two_holders_are_found_at_once_and_only_one_ever_gets_a_successor() {
    let site = Site::open(Disk::NotWaited);
    let (client, urls) = (site.client(), site.urls());
    let rounds = count("VIGIE_ROUNDS", 60);

    let mut first_served = 0;
    for round in 0..rounds {
        let token = client
            .login(&urls[round % 2], "camille")
            .await
            .done()
            .tokens
            .refresh_token;
        let holders = [Uuid::new_v4(), Uuid::new_v4()];
        let answers = all(&client, &urls, &token, &holders).await;

        let mut served = BTreeSet::new();
        let mut found = 0;
        for (attempt, answer) in answers {
            match answer {
                Outcome::Done(tokens) => {
                    served.insert((attempt, tokens.refresh_token.expose().to_owned()));
                }
                Outcome::Refused(ErrorCode::RefreshReused) => found += 1,
                other @ (Outcome::Refused(_) | Outcome::NotNow(_)) => panic!("round {round}: {other:?}"),
            }
        }
        // The first holder's own answer may come after the second was found: then nobody was served.
        assert!(served.len() <= 1, "round {round}: never two branches: {served:?}");
        assert!(found > 0, "round {round}: the other holder is found");
        first_served += usize::from(!served.is_empty());
        let successors = served
            .into_iter()
            .map(|(_, successor)| (Secret::new(successor), Uuid::new_v4()));
        let spent = holders.map(|attempt| (token.clone(), attempt));
        for (token, attempt) in successors.chain(spent) {
            let after = client.refresh(&urls[round % 2], &token, attempt).await;
            assert!(
                matches!(after, Outcome::Refused(ErrorCode::RefreshReused)),
                "round {round}: the session is closed for both: {after:?}"
            );
        }
    }
    println!(
        "{rounds} rounds of {AT_ONCE}: every second holder found, the first served before that in {first_served}"
    );
}

#[tokio::test]
async fn late_duplicates_of_a_holders_own_attempts_cost_nothing() {
    let site = Site::open(Disk::NotWaited);
    let (client, urls) = (site.client(), site.urls());
    let rounds = count("VIGIE_ROUNDS", 60);

    let mut token = client
        .login(&urls[0], "camille")
        .await
        .done()
        .tokens
        .refresh_token;
    let mut past: Vec<(Secret, Uuid)> = Vec::new();
    for round in 0..rounds {
        let attempt = Uuid::new_v4();
        let newest = past.len().saturating_sub(12);
        let late = past[newest..]
            .iter()
            .enumerate()
            .map(|(index, (token, attempt))| {
                let url = &urls[index % 2];
                let client = &client;
                async move { client.refresh(url, token, *attempt).await }
            });
        let (answer, late) = tokio::join!(client.refresh(&urls[round % 2], &token, attempt), join_all(late));
        for answer in late {
            match answer {
                // The last one may still be the parent, and gets its successor again.
                Outcome::Done(_) | Outcome::Refused(ErrorCode::StaleAttempt) => {}
                other @ (Outcome::Refused(_) | Outcome::NotNow(_)) => panic!("round {round}: {other:?}"),
            }
        }
        let successor = answer.done().refresh_token;
        past.push((std::mem::replace(&mut token, successor), attempt));
    }
    println!("{rounds} rotations with late duplicates: no sign-out");
}
