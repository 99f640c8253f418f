//! The bridge to the screen: every command and the one event, and the TypeScript that is made from them.

use std::path::Path;

use specta_typescript::Typescript;
use tauri::Runtime;
use tauri_specta::{Builder, collect_commands, collect_events};

use crate::commands::{
    about, administration, alerts, audit, categories, impersonation, insight, parked, session, sessions,
    settings, till_day, work,
};
use crate::view::AppChanged;

/// Every command and event.
pub fn builder<R: Runtime>() -> Builder<R> {
    Builder::new()
        .disable_serde_phases()
        .commands(collect_commands![
            session::app_view,
            session::sign_in,
            session::first_operator,
            session::retry,
            session::sign_out,
            session::operator_input,
            work::save,
            work::categories,
            work::ticket_current,
            work::ticket_put,
            work::ticket_finish,
            work::outbox,
            parked::ticket_park,
            parked::tickets_parked,
            parked::ticket_take_up,
            parked::ticket_discard,
            parked::sale_review,
            parked::sale_mend,
            till_day::tills,
            till_day::till_choose,
            till_day::till_day_open,
            till_day::till_day_close,
            till_day::till_days,
            sessions::my_sessions,
            sessions::revoke_session,
            sessions::revoke_other_sessions,
            sessions::reauthenticate,
            sessions::change_password,
            sessions::organizations,
            sessions::switch_organization,
            sessions::put_notice_away,
            administration::live_sessions,
            administration::end_session,
            administration::end_sessions_of_person,
            administration::end_sessions_of_organization,
            administration::end_all_sessions,
            administration::people,
            administration::person,
            administration::add_person,
            administration::change_person,
            administration::join_person,
            administration::remove_person,
            administration::reset_password,
            administration::administered_organizations,
            administration::add_organization,
            administration::rename_organization,
            administration::places,
            administration::add_site,
            administration::change_site,
            administration::add_till,
            administration::change_till,
            insight::session_metrics,
            insight::top_errors,
            insight::suffering_devices,
            insight::export_session_metrics,
            alerts::alerts,
            alerts::monitoring_settings,
            alerts::put_monitoring_settings,
            alerts::test_alert,
            alerts::mail_settings,
            alerts::put_mail_settings,
            audit::audit,
            audit::export_audit,
            impersonation::start_impersonation,
            impersonation::stop_impersonation,
            impersonation::put_impersonation_end_away,
            impersonation::live_impersonations,
            impersonation::force_stop_impersonation,
            impersonation::impersonation_settings,
            impersonation::put_impersonation_settings,
            categories::shop_categories,
            categories::add_category,
            categories::change_category,
            categories::move_category,
            categories::start_categories,
            settings::session_settings,
            settings::put_session_settings,
            settings::device_settings_put,
            settings::test_server,
            about::about,
            about::window_ready,
            about::answer_close,
        ])
        .typ::<protocol::insight::LoginFailure>()
        .events(collect_events![AppChanged])
}

/// Writes the TypeScript bindings to this file.
///
/// # Errors
/// A type that has no TypeScript, or a file that cannot be written.
pub fn write_typescript(path: &Path) -> Result<(), specta_typescript::Error> {
    let style = Typescript::default().header("// Made from the shell's commands. Do not edit.\n");
    builder::<tauri::Wry>().export(style, path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[derive(serde::Deserialize)]
    struct Permissions {
        permission: Vec<Permission>,
    }

    #[derive(serde::Deserialize)]
    struct Permission {
        identifier: String,
        commands: Commands,
    }

    #[derive(serde::Deserialize)]
    struct Commands {
        allow: Vec<String>,
    }

    #[test]
    fn the_window_may_call_every_command_and_no_other() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |path: &str| std::fs::read_to_string(here.join(path)).unwrap();
        let permissions: Permissions = toml::from_str(&read("src-tauri/permissions/app.toml")).unwrap();
        let capability: serde_json::Value =
            serde_json::from_str(&read("src-tauri/capabilities/main.json")).unwrap();
        let given: Vec<&str> = capability["permissions"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(serde_json::Value::as_str)
            .collect();
        let mut allowed: Vec<String> = Vec::new();
        for permission in permissions.permission {
            assert!(
                given.contains(&permission.identifier.as_str()),
                "{} is not given to the window",
                permission.identifier
            );
            allowed.extend(permission.commands.allow);
        }
        allowed.sort_unstable();
        let bindings = read("ui/src/shell/bindings.ts");
        let mut called: Vec<&str> = bindings
            .split("__TAURI_INVOKE")
            .skip(1)
            .filter_map(|rest| rest.split_once("(\"")?.1.split('"').next())
            .collect();
        called.sort_unstable();
        assert_eq!(allowed, called);
    }

    /// Set `VIGIE_WRITE_BINDINGS=1` to bring the committed file up to date.
    #[test]
    fn committed_bindings_are_those_of_the_commands() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/shell/bindings.ts");
        if std::env::var_os("VIGIE_WRITE_BINDINGS").is_some() {
            super::write_typescript(&committed).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("bindings.ts");
        super::write_typescript(&fresh).unwrap();
        assert_eq!(
            std::fs::read_to_string(&committed).unwrap(),
            std::fs::read_to_string(&fresh).unwrap(),
            "the bindings have drifted: run this test with VIGIE_WRITE_BINDINGS=1 and commit the file"
        );
    }
}
