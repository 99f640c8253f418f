//! Every call of the administrator's screens, as the server itself takes it.

use protocol::Secret;
use protocol::administration::{
    MembershipRequest, NewTillRequest, NewUserRequest, SiteChange, TillChange, UserChange,
};
use protocol::auth::OrganizationRole;
use server::demo::{ALIX, CAMILLE, DOMINIQUE, OTHER_ORGANIZATION_NAME};

use super::{organizations, people, places, sessions};
use crate::controller::Request;
use crate::testing::{App, Device};
use crate::view::UiErrorCode;
use crate::view::administration::{PeopleQuery, SessionQuery};

async fn administrator() -> (Device, App, keeper::AuthorisedClient) {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(DOMINIQUE).await.unwrap();
    let client = app.client().await;
    (device, app, client)
}

async fn gives_the_password_again(client: &keeper::AuthorisedClient) {
    crate::sessions::reauthenticate(client, Secret::new(DOMINIQUE.password))
        .await
        .unwrap();
}

#[tokio::test]
async fn sites_and_tills_are_made_changed_archived_and_listed() {
    let (_device, _app, client) = administrator().await;
    let site = places::add_site(&client, "Hangar 4".to_owned()).await.unwrap();
    let new = NewTillRequest {
        site_id: site.site_id.parse().unwrap(),
        name: "Caisse 9".to_owned(),
    };
    let till = places::add_till(&client, &new).await.unwrap();
    let renamed = TillChange {
        name: Some("Caisse du fond".to_owned()),
        archived: None,
    };
    places::change_till(&client, &till.till_id, &renamed)
        .await
        .unwrap();
    let archived = SiteChange {
        name: None,
        archived: Some(true),
    };
    assert!(
        places::change_site(&client, &site.site_id, &archived)
            .await
            .unwrap()
            .is_archived
    );

    let all = places::all(&client).await.unwrap();

    let names: Vec<(&str, bool)> = all
        .sites
        .iter()
        .map(|each| (each.name.as_str(), each.is_archived))
        .collect();
    assert_eq!(names, [("Hangar 4", true), ("Quai Nord", false)]);
    assert!(
        all.tills
            .iter()
            .any(|each| each.name == "Caisse du fond" && each.site_id == site.site_id)
    );
}

#[tokio::test]
async fn people_are_made_found_changed_reset_and_taken_out() {
    let (_device, _app, client) = administrator().await;
    let new = NewUserRequest {
        username: "noe".to_owned(),
        display_name: "Noé".to_owned(),
        role: OrganizationRole::User,
        site_id: None,
    };
    let given = people::add(&client, &new).await.unwrap();
    assert!(
        given.password.len() >= 15,
        "a password made for one sign-in is long"
    );
    let query = PeopleQuery {
        search: Some("noé".to_owned()),
        ..PeopleQuery::default()
    };
    let found = people::list(&client, query).await.unwrap().people;
    assert_eq!(found.len(), 1);
    let id = found[0].user_id.as_str();

    let change = |role, disabled| UserChange {
        display_name: None,
        role,
        site_id: None,
        disabled,
        super_admin: None,
    };
    let promote = change(Some(OrganizationRole::Manager), None);
    let refused = people::change(&client, id, &promote).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::ReauthenticationRequired);
    gives_the_password_again(&client).await;
    let promoted = people::change(&client, id, &promote).await.unwrap();
    assert_eq!(promoted.person.role, Some(OrganizationRole::Manager));
    let disabled = people::change(&client, id, &change(None, Some(true)))
        .await
        .unwrap();
    assert!(disabled.person.is_disabled);
    people::change(&client, id, &change(None, Some(false)))
        .await
        .unwrap();
    let reset = people::reset_password(&client, id).await.unwrap();
    assert_ne!(reset.password, given.password);
    assert!(people::detail(&client, id).await.unwrap().must_change_password);
    people::remove(&client, id).await.unwrap();
    let gone = people::detail(&client, id).await.unwrap_err();
    assert_eq!(gone.code, UiErrorCode::UserNotFound);
}

#[tokio::test]
async fn somebody_of_another_organisation_gets_a_role_here_from_a_super_admin() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(ALIX).await.unwrap();
    let client = app.client().await;
    let own = crate::sessions::organizations(&client).await.unwrap();
    let other = own
        .iter()
        .find(|each| each.name == OTHER_ORGANIZATION_NAME)
        .unwrap();
    let organization_id = other.organization_id.clone();
    app.handle
        .ask(|reply| Request::SwitchOrganization {
            organization_id,
            reply,
        })
        .await
        .unwrap();
    let named = |everywhere| PeopleQuery {
        search: Some(CAMILLE.username.to_owned()),
        everywhere,
        after: None,
    };
    assert!(
        people::list(&client, named(false))
            .await
            .unwrap()
            .people
            .is_empty()
    );
    let found = people::list(&client, named(true)).await.unwrap().people;
    crate::sessions::reauthenticate(&client, Secret::new(ALIX.password))
        .await
        .unwrap();
    let membership = MembershipRequest {
        role: OrganizationRole::Manager,
        site_id: None,
    };

    let joined = people::join(&client, &found[0].user_id, &membership)
        .await
        .unwrap();

    assert_eq!(joined.person.role, Some(OrganizationRole::Manager));
    assert_eq!(joined.organizations.len(), 2);
    assert_eq!(people::list(&client, named(false)).await.unwrap().people.len(), 1);
}

#[tokio::test]
async fn live_sessions_are_found_by_every_filter_and_the_own_is_kept() {
    let (_device, app, client) = administrator().await;
    let everybody = sessions::live(&client, SessionQuery::default()).await.unwrap();
    assert_eq!(everybody.sessions.len(), 1);
    let own = &everybody.sessions[0];
    let organization_id = app.handle.view().operator.unwrap().organization_id;
    let places = places::all(&client).await.unwrap();
    let filters = SessionQuery {
        organization_id: organization_id.clone(),
        user_id: Some(own.user_id.clone()),
        site_id: Some(places.sites[0].site_id.clone()),
        ip_address: Some("local".to_owned()),
        device: Some("CAISSE".to_owned()),
        idle_minutes: Some(0),
        after: None,
    };
    assert_eq!(sessions::live(&client, filters).await.unwrap().sessions.len(), 1);

    gives_the_password_again(&client).await;
    let owners = sessions::revoke_of_organization(&client, &organization_id.unwrap()).await;
    assert_eq!(owners.unwrap_err().code, UiErrorCode::Forbidden);
    assert_eq!(
        sessions::revoke_of_person(&client, &own.user_id).await.unwrap(),
        0
    );
    let above = sessions::revoke_all(&client).await.unwrap_err();
    assert_eq!(above.code, UiErrorCode::Forbidden);
    assert_eq!(
        organizations::list(&client, None)
            .await
            .unwrap()
            .organizations
            .len(),
        1
    );
}
