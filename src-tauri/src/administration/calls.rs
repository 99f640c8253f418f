//! Every call of the administrator's screens, as the server itself takes it.

use protocol::Secret;
use protocol::administration::{
    CategoryChange, GoodsLanguage, MembershipRequest, MoveDirection, NewCategoryRequest, NewTillRequest,
    NewUserRequest, SiteChange, TillChange, UserChange,
};
use protocol::alert::{AlertTest, AlertTestFailure, MailProtection, MonitoringSettings};
use protocol::auth::OrganizationRole;
use protocol::insight::{ErrorsBy, Range};
use server::demo::{ALIX, CAMILLE, DOMINIQUE, OTHER_ORGANIZATION_NAME};

use super::{alerts, categories, insight, organizations, people, places, sessions};
use crate::controller::Request;
use crate::testing::{App, Device};
use crate::view::UiErrorCode;
use crate::view::administration::{PeopleQuery, SessionQuery};
use crate::view::alerts::NewMailSettings;
use crate::view::insight::{ErrorsQuery, InsightQuery};

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
async fn categories_are_made_changed_moved_archived_and_listed() {
    let (_device, _app, client) = administrator().await;
    let before = categories::all(&client).await.unwrap();
    let taken = categories::start(&client, GoodsLanguage::En).await.unwrap_err();
    assert_eq!(taken.code, UiErrorCode::CategoriesExist);
    let new = |name: &str| NewCategoryRequest {
        name: name.to_owned(),
        price_cents: Some(900),
        shortcut: Some("w".to_owned()),
        barcodes: None,
    };
    let skis = categories::add(&client, &new("Skis")).await.unwrap();
    let refused = categories::add(&client, &new("Wagons")).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::ShortcutTaken);
    let dearer = CategoryChange {
        price_cents: Some(None),
        shortcut: Some(None),
        barcodes: Some(vec!["LAB-0042".to_owned()]),
        ..CategoryChange::default()
    };
    let changed = categories::change(&client, &skis.category_id, &dearer)
        .await
        .unwrap();
    assert_eq!((changed.price_cents, changed.shortcut), (None, None));
    assert_eq!(changed.barcodes, ["LAB-0042"]);
    let labelled = NewCategoryRequest {
        barcodes: Some(changed.barcodes),
        shortcut: None,
        ..new("Labels")
    };
    let refused = categories::add(&client, &labelled).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::BarcodeTaken);
    categories::rearrange(&client, &skis.category_id, MoveDirection::Up)
        .await
        .unwrap();
    let archived = CategoryChange {
        archived: Some(true),
        ..CategoryChange::default()
    };
    let last = before.last().unwrap();
    assert!(
        categories::change(&client, &last.category_id, &archived)
            .await
            .unwrap()
            .is_archived
    );

    let after = categories::all(&client).await.unwrap();

    let names: Vec<(&str, bool)> = after
        .iter()
        .skip(before.len() - 1)
        .map(|each| (each.name.as_str(), each.is_archived))
        .collect();
    assert_eq!(names, [("Skis", false), (last.name.as_str(), true)]);
    let unknown = categories::change(&client, "../tills", &archived)
        .await
        .unwrap_err();
    assert_eq!(unknown.code, UiErrorCode::CategoryNotFound);
}

#[tokio::test]
async fn a_till_learns_that_categories_and_settings_changed_and_shows_them_when_it_asks() {
    let (_device, app, client) = administrator().await;
    let seen = app.handle.view().changes;
    let settings = super::lifetimes::read(&client).await.unwrap();
    // Whoever does not listen yet hears nothing.
    for _ in 0..100 {
        super::lifetimes::put(&client, &settings).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        if app.handle.view().changes.settings > seen.settings {
            break;
        }
    }
    let heard = app.view(|view| view.changes.settings > seen.settings).await;
    let new = NewCategoryRequest {
        name: "Skis".to_owned(),
        price_cents: None,
        shortcut: None,
        barcodes: None,
    };

    categories::add(&client, &new).await.unwrap();

    app.view(|view| view.changes.categories > heard.changes.categories)
        .await;
    let goods = app.handle.ask(Request::Categories).await.unwrap();
    assert!(!goods.from_cache);
    assert_eq!(goods.categories.last().unwrap().name, "Skis");
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

#[tokio::test]
async fn figures_failures_and_devices_come_and_the_table_is_saved_beside_the_one_before() {
    let (device, app, client) = administrator().await;
    let query = InsightQuery {
        range: Range::OneDay,
        organization_id: None,
    };

    let metrics = insight::metrics(&client, query.clone()).await.unwrap();
    assert_eq!(
        (metrics.range, metrics.active_sessions, metrics.steps.len()),
        (Range::OneDay, 1, 96)
    );
    let by_person = ErrorsQuery {
        range: Range::SevenDays,
        by: ErrorsBy::User,
        ..ErrorsQuery::default()
    };
    assert!(
        insight::errors(&client, by_person)
            .await
            .unwrap()
            .errors
            .is_empty()
    );
    assert!(
        insight::devices(&client, query.clone())
            .await
            .unwrap()
            .devices
            .is_empty()
    );

    let downloads = app.handle.downloads();
    let first = insight::export(&client, query.clone(), &downloads).await.unwrap();
    let second = insight::export(&client, query, &downloads).await.unwrap();
    assert_ne!(first, second);
    for saved in [first, second] {
        let path = std::path::PathBuf::from(saved.path);
        assert_eq!(path.parent(), Some(device.folders().downloads.as_path()));
        let table = std::fs::read_to_string(path).unwrap();
        assert!(table.starts_with("from,refreshes_success,"), "{table}");
        assert_eq!(table.lines().count(), 98, "a head, the steps and the sum");
    }
}

#[tokio::test]
async fn figures_are_not_for_a_cashier() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(CAMILLE).await.unwrap();
    let client = app.client().await;

    let refused = insight::metrics(&client, InsightQuery::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code, UiErrorCode::Forbidden);
    let saved = insight::export(&client, InsightQuery::default(), &app.handle.downloads()).await;
    assert_eq!(saved.unwrap_err().code, UiErrorCode::Forbidden);
    assert!(!device.folders().downloads.exists());
}

#[tokio::test]
async fn alerts_and_their_settings_are_read_changed_and_refused_at_the_field() {
    let (_device, _app, client) = administrator().await;
    let mut settings = alerts::monitoring(&client).await.unwrap();
    assert_eq!(settings, MonitoringSettings::default());

    settings.refresh_failure_percent = 8;
    settings.recipients = vec!["nuit@laboucle.example".to_owned()];
    assert_eq!(
        alerts::put_monitoring(&client, &settings).await.unwrap(),
        settings
    );
    assert_eq!(alerts::monitoring(&client).await.unwrap(), settings);
    settings.time_zone = "Europe/Nowhere".to_owned();
    let refused = alerts::put_monitoring(&client, &settings).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.subject.as_deref()),
        (UiErrorCode::ValidationFailed, Some("time_zone"))
    );

    assert!(alerts::list(&client, None).await.unwrap().alerts.is_empty());
    let tried = alerts::test(&client, &AlertTest::Mail).await.unwrap();
    assert_eq!(
        (tried.is_sent, tried.failure),
        (false, Some(AlertTestFailure::NotSetUp))
    );
    assert_eq!(
        alerts::mail(&client).await.unwrap_err().code,
        UiErrorCode::Forbidden
    );
}

#[tokio::test]
async fn the_mail_server_is_a_super_admins_and_its_password_goes_one_way() {
    let device = Device::with_accounts().await;
    let app = device.start();
    app.sign_in(ALIX).await.unwrap();
    let client = app.client().await;
    let new = NewMailSettings {
        host: "127.0.0.1".to_owned(),
        port: 2525,
        security: MailProtection::None,
        from: "Vigie <vigie@laboucle.example>".to_owned(),
        to: None,
        username: None,
        password: None,
    };
    let refused = alerts::put_mail(&client, new.clone()).await.unwrap_err();
    assert_eq!(refused.code, UiErrorCode::ReauthenticationRequired);
    crate::sessions::reauthenticate(&client, Secret::new(ALIX.password))
        .await
        .unwrap();

    let kept = alerts::put_mail(&client, new.clone()).await.unwrap();
    assert_eq!(
        (kept.port, kept.has_password, kept.is_fixed),
        (2525, false, false)
    );
    let with_password = NewMailSettings {
        security: MailProtection::Starttls,
        username: Some("vigie".to_owned()),
        password: Some("canary-of-the-mail-server".to_owned()),
        ..new
    };
    assert!(!format!("{with_password:?}").contains("canary"));
    let kept = alerts::put_mail(&client, with_password).await.unwrap();
    assert!(kept.has_password);
    assert!(!serde_json::to_string(&kept).unwrap().contains("canary"));
}
