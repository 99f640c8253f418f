//! Each form on the wire, as a snapshot: a change here is a change of the protocol.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use protocol::administration::{
    CategoryChange, CategoryMove, CategorySummaries, CategorySummary, GoodsLanguage, MembershipRequest,
    MoveDirection, NewOrganizationRequest, NewSiteRequest, NewTillRequest, NewUserAnswer, NewUserRequest,
    OneTimePasswordAnswer, OrganizationChange, OrganizationList, OrganizationSummary, SiteChange, SiteList,
    SiteSummary, StarterCategoriesRequest, TillChange, TillList, TillSummary, UserActions, UserChange,
    UserDetail, UserList, UserMembership, UserSummary,
};
use protocol::auth::{
    ChangePasswordRequest, DeviceKind, LoginAnswer, LoginRequest, Me, OrganizationRole, OwnOrganization,
    OwnOrganizationList, PingAnswer, PingRequest, ReauthenticateRequest, Reauthenticated, RefreshRequest,
    SwitchOrganizationRequest, TokenAnswer,
};
use protocol::event::{NoticeAdded, SessionEnded};
use protocol::health::{Health, SERVICE, StoreState};
use protocol::impersonation::{
    ImpersonationGrant, ImpersonationParty, ImpersonationSettings, LiveImpersonation, LiveImpersonationList,
    StartImpersonationRequest,
};
use protocol::notice::{NoticeKind, SecurityNotice, SecurityNoticeList};
use protocol::sale::{Category, CategoryList, NewSale, Payment, PaymentMethod, Sale, SaleLine, SaleList};
use protocol::session::{AdminSession, AdminSessionList, Revoked, SessionList, SessionSummary};
use protocol::settings::SessionSettings;
use protocol::till_day::{
    CloseTillDayRequest, CounterTill, CounterTillList, OpenTillDayRequest, TillDay, TillDayOperator,
    TillDayPage,
};
use protocol::{ErrorCode, Problem, Secret};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_790_000_000_123).unwrap()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn me() -> Me {
    Me {
        user_id: id(1),
        username: "camille".to_owned(),
        display_name: "Camille Le Goff".to_owned(),
        organization_id: id(2),
        organization_name: "Ressourcerie du Port".to_owned(),
        current_organization_role: OrganizationRole::User,
        site_id: Some(id(3)),
        site_name: Some("Quai Nord".to_owned()),
        super_admin: false,
        must_change_password: false,
        lock_after_minutes: Some(5),
        organizations: 2,
        impersonator: None,
        impersonation_ends_at: None,
    }
}

fn alix() -> ImpersonationParty {
    ImpersonationParty {
        user_id: id(9),
        username: "alix".to_owned(),
        display_name: "Alix Martin".to_owned(),
    }
}

fn tokens() -> TokenAnswer {
    TokenAnswer {
        access_token: Secret::new("access"),
        refresh_token: Secret::new("refresh"),
        token_type: "Bearer".to_owned(),
        expires_in: 900,
        refresh_in: 450,
        idle_expires_in: Some(28_800),
        absolute_expires_in: 2_592_000,
        server_time: at(),
        session_id: id(4),
        generation: 7,
    }
}

fn sale() -> NewSale {
    NewSale {
        lines: vec![SaleLine {
            category_id: id(5),
            quantity: 2,
            weight_grams: 350,
            unit_price_cents: 150,
        }],
        payments: vec![
            Payment {
                method: PaymentMethod::Cash,
                amount_cents: 100,
            },
            Payment {
                method: PaymentMethod::Card,
                amount_cents: 100,
            },
            Payment {
                method: PaymentMethod::Cheque,
                amount_cents: 100,
            },
        ],
        total_cents: 300,
        note: "fragile".to_owned(),
        finished_at: at(),
        organization_id: Some(id(2)),
        till_day_id: Some(id(6)),
    }
}

fn till_day() -> TillDay {
    TillDay {
        id: id(6),
        till_id: id(10),
        till_name: "Caisse 1".to_owned(),
        site_name: "Quai Nord".to_owned(),
        opened_at: at(),
        opened_by: TillDayOperator {
            user_id: id(1),
            name: "Camille Le Goff".to_owned(),
        },
        float_cents: 15_000,
        closed_at: None,
        closed_by: None,
        counted_cents: None,
        expected_cents: 18_300,
        variance_cents: None,
        comment: String::new(),
    }
}

/// The form, after checking that reading it and writing it again changes nothing.
fn form<T: Serialize + DeserializeOwned>(value: &T) -> serde_json::Value {
    let form = serde_json::to_value(value).unwrap();
    let read: T = serde_json::from_value(form.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), form);
    sorted(form)
}

/// Whether a map keeps its order is decided by the features of whatever is built along: the snapshots are in order of name.
fn sorted(form: serde_json::Value) -> serde_json::Value {
    match form {
        serde_json::Value::Object(members) => {
            let by_name: std::collections::BTreeMap<_, _> = members.into_iter().collect();
            by_name
                .into_iter()
                .map(|(name, member)| (name, sorted(member)))
                .collect()
        }
        serde_json::Value::Array(items) => items.into_iter().map(sorted).collect(),
        plain @ (serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_)) => plain,
    }
}

#[test]
fn signing_in() {
    let request = LoginRequest {
        username: "camille".to_owned(),
        password: Secret::new("password"),
        organization: Some("port".to_owned()),
        device_name: "Caisse 1".to_owned(),
        device_kind: DeviceKind::Till,
    };
    insta::assert_json_snapshot!("login_request", form(&request));
    insta::assert_json_snapshot!(
        "login_answer",
        form(&LoginAnswer {
            tokens: tokens(),
            me: me()
        })
    );
    insta::assert_json_snapshot!(
        "me",
        form(&Me {
            site_id: None,
            site_name: None,
            ..me()
        })
    );
}

#[test]
fn acting_as_somebody_else() {
    let request = StartImpersonationRequest {
        user_id: id(1),
        organization_id: Some(id(2)),
        reason: "a sale that does not leave".to_owned(),
    };
    insta::assert_json_snapshot!("start_impersonation_request", form(&request));
    let camille = ImpersonationParty {
        user_id: id(1),
        username: "camille".to_owned(),
        display_name: "Camille Le Goff".to_owned(),
    };
    let grant = ImpersonationGrant {
        session_id: id(4),
        access_token: Secret::new("canary"),
        token_type: "Bearer".to_owned(),
        expires_in: 900,
        refresh_in: 450,
        user: camille.clone(),
        organization_id: id(2),
        organization_name: "Ressourcerie du Port".to_owned(),
        started_at: at(),
        expires_at: at(),
        absolute_expires_in: 7_200,
        server_time: at(),
    };
    assert!(!format!("{grant:?}").contains("canary"));
    insta::assert_json_snapshot!("impersonation_grant", form(&grant));
    let live = LiveImpersonation {
        session_id: id(4),
        impersonator: alix(),
        user: camille,
        organization_id: id(2),
        organization_name: "Ressourcerie du Port".to_owned(),
        reason: request.reason,
        device_name: "Bureau".to_owned(),
        ip_address: "192.0.2.9".to_owned(),
        application: Some("Vigie 0.1.0".to_owned()),
        started_at: at(),
        expires_at: at(),
        is_own: false,
    };
    let list = LiveImpersonationList {
        impersonations: vec![live],
        server_time: at(),
    };
    insta::assert_json_snapshot!("live_impersonation_list", form(&list));
    insta::assert_json_snapshot!("impersonation_settings", form(&ImpersonationSettings::default()));
    let me = Me {
        impersonator: Some(alix()),
        impersonation_ends_at: Some(at()),
        ..me()
    };
    insta::assert_json_snapshot!("me_impersonated", form(&me));
}

#[test]
fn refreshing_and_pinging() {
    let request = RefreshRequest {
        refresh_token: Secret::new("refresh"),
        attempt_id: id(6),
        rotate: true,
        last_input_age_seconds: Some(12),
    };
    insta::assert_json_snapshot!("refresh_request", form(&request));
    insta::assert_json_snapshot!(
        "token_answer_of_a_till",
        form(&TokenAnswer {
            idle_expires_in: None,
            ..tokens()
        })
    );
    insta::assert_json_snapshot!(
        "ping_request",
        form(&PingRequest {
            last_input_age_seconds: 12,
            report: None,
        })
    );
    let answer = PingAnswer {
        idle_expires_in: Some(60),
        absolute_expires_in: 600,
        server_time: at(),
    };
    insta::assert_json_snapshot!("ping_answer", form(&answer));
}

#[test]
fn sessions() {
    let summary = summary();
    insta::assert_json_snapshot!(
        "session_list",
        form(&SessionList {
            sessions: vec![summary.clone()]
        })
    );
    insta::assert_json_snapshot!("revoked", form(&Revoked { revoked: 3 }));
    let page = AdminSessionList {
        sessions: vec![AdminSession {
            session: summary,
            user_id: id(1),
            username: "camille".to_owned(),
            display_name: "Camille Le Goff".to_owned(),
            last_input_at: at(),
            is_active: true,
        }],
        next: Some("page".to_owned()),
    };
    insta::assert_json_snapshot!("admin_session_list", form(&page));
}

fn summary() -> SessionSummary {
    SessionSummary {
        session_id: id(4),
        organization_id: id(2),
        organization_name: "Ressourcerie du Port".to_owned(),
        organization_role: OrganizationRole::Owner,
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "vigie/0.1".to_owned(),
        application: Some("Vigie 0.1".to_owned()),
        site_name: Some("Quai Nord".to_owned()),
        device_name: "Bureau".to_owned(),
        device_kind: DeviceKind::Desk,
        created_at: at(),
        last_used_at: at(),
        expires_at: at(),
        idle_expires_at: Some(at()),
        is_bound: true,
        is_current: true,
    }
}

#[test]
fn organisations_password_and_notices() {
    let own = OwnOrganization {
        organization_id: id(2),
        slug: "port".to_owned(),
        name: "Ressourcerie du Port".to_owned(),
        role: OrganizationRole::Manager,
        site_id: None,
        site_name: None,
        is_current: true,
    };
    insta::assert_json_snapshot!(
        "own_organization_list",
        form(&OwnOrganizationList {
            organizations: vec![own]
        })
    );
    insta::assert_json_snapshot!(
        "switch_organization_request",
        form(&SwitchOrganizationRequest {
            organization_id: id(2)
        })
    );
    insta::assert_json_snapshot!(
        "reauthenticate_request",
        form(&ReauthenticateRequest {
            password: Secret::new("password")
        })
    );
    insta::assert_json_snapshot!(
        "reauthenticated",
        form(&Reauthenticated {
            reauthenticated_until: at()
        })
    );
    insta::assert_json_snapshot!(
        "change_password_request",
        form(&ChangePasswordRequest {
            current_password: Secret::new("old"),
            new_password: Secret::new("new"),
        })
    );
    let notice = SecurityNotice {
        id: id(7),
        kind: NoticeKind::NewNetwork,
        at: at(),
        device_name: Some("Bureau".to_owned()),
        ip_address: Some("192.0.2.1".to_owned()),
        application: None,
    };
    insta::assert_json_snapshot!(
        "security_notice_list",
        form(&SecurityNoticeList {
            notices: vec![notice]
        })
    );
    insta::assert_json_snapshot!(
        "event_session_ended",
        form(&SessionEnded {
            session_id: id(4),
            code: ErrorCode::SessionRevoked
        })
    );
    insta::assert_json_snapshot!(
        "event_notice",
        form(&NoticeAdded {
            id: id(7),
            kind: NoticeKind::ProofRefused
        })
    );
}

fn user() -> UserSummary {
    UserSummary {
        user_id: id(1),
        username: "camille".to_owned(),
        display_name: "Camille Le Goff".to_owned(),
        role: Some(OrganizationRole::User),
        site_id: Some(id(3)),
        site_name: Some("Quai Nord".to_owned()),
        super_admin: false,
        disabled_at: None,
        last_sign_in_at: Some(at()),
    }
}

fn detail() -> UserDetail {
    UserDetail {
        user: user(),
        must_change_password: true,
        memberships: vec![UserMembership {
            organization_id: id(2),
            organization_name: "Ressourcerie du Port".to_owned(),
            role: OrganizationRole::User,
            site_id: Some(id(3)),
            site_name: Some("Quai Nord".to_owned()),
        }],
        allowed: UserActions {
            rename: true,
            change_role: true,
            disable: true,
            remove: true,
            reset_password: true,
            revoke_sessions: true,
            promote: false,
        },
    }
}

#[test]
fn users() {
    insta::assert_json_snapshot!(
        "user_list",
        form(&UserList {
            users: vec![user()],
            next: None
        })
    );
    insta::assert_json_snapshot!("user_detail", form(&detail()));
    let new = NewUserRequest {
        username: "camille".to_owned(),
        display_name: "Camille Le Goff".to_owned(),
        role: OrganizationRole::User,
        site_id: None,
    };
    insta::assert_json_snapshot!("new_user_request", form(&new));
    insta::assert_json_snapshot!(
        "new_user_answer",
        form(&NewUserAnswer {
            user: detail(),
            one_time_password: Secret::new("once"),
        })
    );
    insta::assert_json_snapshot!(
        "one_time_password_answer",
        form(&OneTimePasswordAnswer {
            one_time_password: Secret::new("once"),
            revoked: 2,
        })
    );
    let change = UserChange {
        display_name: Some("Camille".to_owned()),
        role: Some(OrganizationRole::Admin),
        site_id: Some(None),
        disabled: Some(false),
        super_admin: Some(false),
    };
    insta::assert_json_snapshot!("user_change", form(&change));
    insta::assert_json_snapshot!(
        "membership_request",
        form(&MembershipRequest {
            role: OrganizationRole::Manager,
            site_id: Some(id(3))
        })
    );
}

#[test]
fn places() {
    let organization = OrganizationSummary {
        organization_id: id(2),
        slug: "port".to_owned(),
        name: "Ressourcerie du Port".to_owned(),
    };
    insta::assert_json_snapshot!(
        "organization_list",
        form(&OrganizationList {
            organizations: vec![organization],
            next: Some("page".to_owned())
        })
    );
    let site = SiteSummary {
        site_id: id(3),
        name: "Quai Nord".to_owned(),
        archived_at: Some(at()),
    };
    insta::assert_json_snapshot!(
        "site_list",
        form(&SiteList {
            sites: vec![site],
            next: None
        })
    );
    let till = TillSummary {
        till_id: id(10),
        site_id: id(3),
        site_name: "Quai Nord".to_owned(),
        name: "Caisse 1".to_owned(),
        created_at: at(),
        archived_at: None,
    };
    insta::assert_json_snapshot!(
        "till_list",
        form(&TillList {
            tills: vec![till],
            next: None
        })
    );
    let category = CategorySummary {
        category_id: id(11),
        name: "Livres".to_owned(),
        price_cents: Some(150),
        shortcut: Some("l".to_owned()),
        position: 0,
        barcodes: vec!["3760123450018".to_owned()],
        archived_at: Some(at()),
    };
    insta::assert_json_snapshot!(
        "category_summaries",
        form(&CategorySummaries {
            categories: vec![category],
            next: None
        })
    );
    insta::assert_json_snapshot!(
        "category_change",
        form(&CategoryChange {
            price_cents: Some(None),
            shortcut: Some(Some("l".to_owned())),
            barcodes: Some(vec!["LAB-0042".to_owned()]),
            archived: Some(false),
            ..CategoryChange::default()
        })
    );
    insta::assert_json_snapshot!(
        "category_move",
        form(&CategoryMove {
            direction: MoveDirection::Up
        })
    );
    insta::assert_json_snapshot!(
        "starter_categories",
        form(&StarterCategoriesRequest {
            language: GoodsLanguage::Fr
        })
    );
    insta::assert_json_snapshot!(
        "site_change",
        form(&SiteChange {
            name: None,
            archived: Some(true)
        })
    );
}

#[test]
fn settings_and_health() {
    let settings = SessionSettings {
        lock_after_minutes: Some(5),
        device_limit: Some(3),
        ..SessionSettings::default()
    };
    insta::assert_json_snapshot!("session_settings", form(&settings));
    insta::assert_json_snapshot!("session_settings_by_default", form(&SessionSettings::default()));
    let health = Health {
        service: SERVICE.to_owned(),
        version: "0.1.0".to_owned(),
        store: Some(StoreState::Ready),
    };
    insta::assert_json_snapshot!("health", form(&health));
}

#[test]
fn the_work() {
    let category = Category {
        id: id(5),
        name: "Livres".to_owned(),
        price_cents: Some(150),
        shortcut: Some("l".to_owned()),
        position: 1,
        barcodes: vec!["3760123450018".to_owned()],
    };
    insta::assert_json_snapshot!(
        "category_list",
        form(&CategoryList {
            categories: vec![category]
        })
    );
    insta::assert_json_snapshot!("new_sale", form(&sale()));
    let kept = Sale {
        id: id(8),
        idempotency_key: id(9),
        operator_id: id(1),
        total_cents: 300,
        received_at: at(),
    };
    insta::assert_json_snapshot!("sale_list", form(&SaleList { sales: vec![kept] }));
}

#[test]
fn problems() {
    let problem = Problem::new(ErrorCode::SaleTotalMismatch)
        .with_field("payments")
        .with_detail("299 is not 300");
    insta::assert_json_snapshot!("problem", form(&problem));
    let problem = Problem::new(ErrorCode::StoreUnavailable).with_retry_after(2);
    insta::assert_json_snapshot!("problem_to_retry", form(&problem));
    insta::assert_json_snapshot!(
        "problem_of_a_session",
        form(&Problem::new(ErrorCode::SessionRevoked))
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let request: RefreshRequest =
        serde_json::from_str(r#"{"refresh_token":"x","attempt_id":"00000000-0000-0000-0000-000000000001"}"#)
            .unwrap();
    assert!(request.rotate && request.last_input_age_seconds.is_none());
    let request: LoginRequest =
        serde_json::from_str(r#"{"username":"x","password":"x","device_name":"x"}"#).unwrap();
    assert_eq!(
        (request.device_kind, request.organization),
        (DeviceKind::Till, None)
    );
    let mut without_note = serde_json::to_value(sale()).unwrap();
    without_note.as_object_mut().unwrap().remove("note");
    assert_eq!(serde_json::from_value::<NewSale>(without_note).unwrap().note, "");
}

#[test]
fn a_request_with_an_unknown_field_is_refused() {
    fn refuses<T: Serialize + DeserializeOwned>(value: &T) {
        let mut form = serde_json::to_value(value).unwrap();
        form["unheard_of"] = serde_json::json!(1);
        assert!(serde_json::from_value::<T>(form).is_err());
    }
    refuses(&PingRequest {
        last_input_age_seconds: 1,
        report: None,
    });
    refuses(&sale());
    refuses(&sale().lines[0]);
    refuses(&sale().payments[0]);
    refuses(&SessionSettings::default());
    refuses(&SwitchOrganizationRequest {
        organization_id: id(2),
    });
    refuses(&UserChange::default());
    refuses(&MembershipRequest {
        role: OrganizationRole::User,
        site_id: None,
    });
    refuses(&NewOrganizationRequest {
        name: "Port".to_owned(),
        slug: "port".to_owned(),
    });
    refuses(&OrganizationChange {
        name: "Port".to_owned(),
    });
    refuses(&NewSiteRequest {
        name: "Quai".to_owned(),
    });
    refuses(&SiteChange::default());
    refuses(&NewTillRequest {
        site_id: id(3),
        name: "Caisse 1".to_owned(),
    });
    refuses(&TillChange::default());
}

#[test]
fn an_answer_with_a_field_of_tomorrow_is_read() {
    fn takes<T: Serialize + DeserializeOwned>(value: &T) {
        let mut form = serde_json::to_value(value).unwrap();
        form["of_tomorrow"] = serde_json::json!({ "a": 1 });
        assert!(serde_json::from_value::<T>(form).is_ok());
    }
    takes(&tokens());
    takes(&me());
    takes(&LoginAnswer {
        tokens: tokens(),
        me: me(),
    });
    takes(&Problem::new(ErrorCode::Internal));
    takes(&Revoked { revoked: 1 });
    takes(&summary());
    takes(&detail());
}

#[test]
fn what_an_older_server_does_not_say_has_its_default() {
    let mut form = serde_json::to_value(me()).unwrap();
    for name in [
        "super_admin",
        "must_change_password",
        "lock_after_minutes",
        "organizations",
    ] {
        form.as_object_mut().unwrap().remove(name);
    }
    let read: Me = serde_json::from_value(form).unwrap();
    assert_eq!(
        (
            read.super_admin,
            read.must_change_password,
            read.lock_after_minutes,
            read.organizations
        ),
        (false, false, None, 0)
    );
}

#[test]
fn a_made_password_shows_in_no_debug_form() {
    let answer = NewUserAnswer {
        user: detail(),
        one_time_password: Secret::new("canary"),
    };
    assert!(!format!("{answer:?}").contains("canary"));
}

#[test]
fn no_secret_shows_in_a_debug_form() {
    let shown = format!(
        "{:?}",
        LoginAnswer {
            tokens: tokens(),
            me: me()
        }
    );
    assert!(
        !shown.contains("\"access\"") && !shown.contains("\"refresh\""),
        "{shown}"
    );
}

#[test]
fn tills_and_their_days() {
    let till = CounterTill {
        till_id: id(10),
        name: "Caisse 1".to_owned(),
        site_id: id(3),
        site_name: "Quai Nord".to_owned(),
        day: Some(till_day()),
    };
    insta::assert_json_snapshot!("counter_till_list", form(&CounterTillList { tills: vec![till] }));
    let closed = TillDay {
        closed_at: Some(at()),
        closed_by: Some(till_day().opened_by),
        counted_cents: Some(18_280),
        variance_cents: Some(-20),
        comment: "une pièce au sol".to_owned(),
        ..till_day()
    };
    insta::assert_json_snapshot!(
        "till_day_page",
        form(&TillDayPage {
            days: vec![closed],
            next: Some("next".to_owned())
        })
    );
    insta::assert_json_snapshot!("open_till_day", form(&OpenTillDayRequest { float_cents: 15_000 }));
    insta::assert_json_snapshot!(
        "close_till_day",
        form(&CloseTillDayRequest {
            day_id: id(6),
            counted_cents: 18_280,
            comment: "une pièce au sol".to_owned()
        })
    );
}
