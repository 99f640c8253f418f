//! Which deeds belong together where administrators filter.

use protocol::audit::AuditGroup;

/// Every action that this program writes, with its group.
pub const ACTIONS: &[(&str, AuditGroup)] = {
    use AuditGroup::{Impersonation, People, Places, Revocations, Sales, Settings, SignIns, System};
    &[
        ("session.created", SignIns),
        ("session.signed_out", SignIns),
        ("session.reauthenticated", SignIns),
        ("session.organization_switched", SignIns),
        ("login.denied", SignIns),
        ("reauthentication.denied", SignIns),
        ("session.revoked", Revocations),
        ("session.others_revoked", Revocations),
        ("session.displaced", Revocations),
        ("session.refresh_reused", Revocations),
        ("session.proof_refused", Revocations),
        ("user.sessions_revoked", Revocations),
        ("organization.sessions_revoked", Revocations),
        ("sessions.all_revoked", Revocations),
        ("sessions.revoked", Revocations),
        ("user.added", People),
        ("user.renamed", People),
        ("user.disabled", People),
        ("user.enabled", People),
        ("user.promoted", People),
        ("user.demoted", People),
        ("password.changed", People),
        ("password.reset", People),
        ("membership.added", People),
        ("membership.changed", People),
        ("membership.removed", People),
        ("organization.added", Places),
        ("organization.renamed", Places),
        ("site.added", Places),
        ("site.renamed", Places),
        ("site.archived", Places),
        ("site.restored", Places),
        ("till.added", Places),
        ("till.renamed", Places),
        ("till.archived", Places),
        ("till.restored", Places),
        ("category.added", Places),
        ("category.changed", Places),
        ("category.archived", Places),
        ("category.restored", Places),
        ("category.moved", Places),
        ("category.put", Places),
        ("categories.started", Places),
        ("settings.session_changed", Settings),
        ("settings.monitoring_changed", Settings),
        ("settings.mail_changed", Settings),
        ("alerts.tried", Settings),
        ("settings.impersonation_changed", Settings),
        ("impersonation.started", Impersonation),
        ("impersonation.denied", Impersonation),
        ("impersonation.called", Impersonation),
        ("impersonation.refused", Impersonation),
        ("impersonation.stopped", Impersonation),
        ("impersonation.force_stopped", Impersonation),
        ("impersonation.expired", Impersonation),
        ("impersonation.ended", Impersonation),
        ("sale.kept", Sales),
        ("till_day.opened", Sales),
        ("till_day.closed", Sales),
        ("database.restored", System),
        ("session.fast_forwarded", System),
        ("audit.shortened", System),
    ]
};

/// The actions of a group.
pub(super) fn actions_of(group: AuditGroup) -> Vec<String> {
    ACTIONS
        .iter()
        .filter(|(_, of)| *of == group)
        .map(|(action, _)| (*action).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use protocol::audit::AuditGroup;
    use strum::IntoEnumIterator as _;

    use super::{ACTIONS, actions_of};

    /// The words in quotes behind one of these are actions.
    const BEFORE: [&str; 9] = [
        ".audit(\"",
        " audit(\"",
        "(audit(\"",
        "by_program(server, \"",
        "program_audit(\"",
        "entry(\"",
        "beside(\"",
        "audit(&commands, \"",
        "AuditEntry::of(\"",
    ];

    fn written_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                written_in(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                for before in BEFORE {
                    for rest in code.split(before).skip(1) {
                        let word = rest.split('"').next().unwrap();
                        if word.contains('.') {
                            found.insert(word.to_owned());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_action_that_is_written_has_its_group() {
        let mut written = BTreeSet::new();
        for folder in ["src", "../store-sqlite/src", "../store-postgres/src"] {
            written_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut written);
        }
        // What a plain refresh would be called; it leaves no row.
        assert!(written.remove("session.refreshed"));
        assert!(written.len() > 30, "{written:?}");
        let known: BTreeSet<String> = ACTIONS.iter().map(|(action, _)| (*action).to_owned()).collect();
        let without: Vec<_> = written.difference(&known).collect();
        assert!(without.is_empty(), "{without:?}");
        assert_eq!(known.len(), ACTIONS.len(), "one is there twice");
        for group in AuditGroup::iter() {
            assert!(!actions_of(group).is_empty(), "{group}");
        }
    }
}
