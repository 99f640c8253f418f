//! Who may do what to whom: the rules of administration as pure functions.
//!
//! Three rules carry the rest. Nobody gives a role above the own one. Nobody touches somebody above. Nobody does to the
//! own account what somebody else must do, so that there is always one super admin left. What is felt in every
//! organisation of a user, such as a disabled account, needs the rank in every one of them.

use protocol::ErrorCode;
use protocol::administration::UserActions;
use protocol::auth::OrganizationRole;
use store::directory::User;
use uuid::Uuid;

use crate::failure::Failure;

/// Whether somebody stands above all organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Within the organisations, by the role in each.
    Within,
    /// Above all of them.
    Above,
}

impl Standing {
    pub(crate) const fn of(super_admin: bool) -> Self {
        if super_admin { Self::Above } else { Self::Within }
    }
}

/// Somebody with a place in organisations: who acts, or who is acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user_id: Uuid,
    pub(crate) standing: Standing,
    pub(crate) roles: Vec<(Uuid, OrganizationRole)>,
}

impl Person {
    pub(crate) fn of(user: &User) -> Self {
        Self {
            user_id: user.id,
            standing: Standing::of(user.super_admin),
            roles: user
                .memberships
                .iter()
                .map(|membership| (membership.organization.id, membership.role))
                .collect(),
        }
    }

    /// The role as it counts in an organisation: above all of them is as good as owning each.
    fn rank_in(&self, organization_id: Uuid) -> Option<OrganizationRole> {
        match self.standing {
            Standing::Above => Some(OrganizationRole::Owner),
            Standing::Within => self.role_in(organization_id),
        }
    }

    pub(crate) fn role_in(&self, organization_id: Uuid) -> Option<OrganizationRole> {
        self.roles
            .iter()
            .find(|(id, _)| *id == organization_id)
            .map(|(_, role)| *role)
    }
}

/// What is to be done to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// See.
    See,
    /// Change the name to show.
    Rename,
    /// Put into the current organisation, or change role or site there.
    Place(OrganizationRole),
    /// Disable or enable the account.
    Disable,
    /// End the membership in the current organisation.
    Remove,
    /// Make a one-time password.
    ResetPassword,
    /// End sessions: those in the current organisation, or all for somebody above all organisations.
    RevokeSessions,
    /// Put above all organisations, or no longer.
    Promote,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Whoever asks may not know that there is such a user.
    Unseen,
    /// Not allowed.
    Forbidden,
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unseen => Self::new(ErrorCode::UserNotFound),
            Denied::Forbidden => Self::new(ErrorCode::Forbidden),
        }
    }
}

/// Whether `actor`, working in `organization_id`, may do this to `subject`.
///
/// # Errors
/// See [`Denied`].
pub(crate) fn may(actor: &Person, organization_id: Uuid, act: Act, subject: &Person) -> Result<(), Denied> {
    let rank = administers(actor, organization_id)?;
    if actor.standing == Standing::Within {
        let Some(role) = subject.role_in(organization_id) else {
            return Err(Denied::Unseen);
        };
        if act != Act::See && (subject.standing == Standing::Above || role > rank) {
            return Err(Denied::Forbidden);
        }
    }
    let own = actor.user_id == subject.user_id;
    let allowed = match act {
        Act::See | Act::RevokeSessions => true,
        Act::Place(role) => role <= rank,
        Act::Rename => outranks_everywhere(actor, subject),
        Act::Remove => !own && subject.role_in(organization_id).is_some(),
        Act::Disable | Act::ResetPassword => !own && outranks_everywhere(actor, subject),
        Act::Promote => !own && actor.standing == Standing::Above,
    };
    if allowed { Ok(()) } else { Err(Denied::Forbidden) }
}

/// Whether `actor` may add a new user of this role to the organisation.
///
/// # Errors
/// [`Denied::Forbidden`]
pub(crate) fn may_add(actor: &Person, organization_id: Uuid, role: OrganizationRole) -> Result<(), Denied> {
    if role <= administers(actor, organization_id)? {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

/// Whether `actor` may end all sessions of the organisation, whoever's they are: that touches its owners too.
///
/// # Errors
/// [`Denied::Forbidden`]
pub(crate) fn may_end_all_of(actor: &Person, organization_id: Uuid) -> Result<(), Denied> {
    if administers(actor, organization_id)? == OrganizationRole::Owner {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

/// Everything that `actor` may do to `subject`, for a screen that offers nothing else.
pub(crate) fn allowed(actor: &Person, organization_id: Uuid, subject: &Person) -> UserActions {
    let may = |act| may(actor, organization_id, act, subject).is_ok();
    UserActions {
        rename: may(Act::Rename),
        change_role: subject
            .role_in(organization_id)
            .is_some_and(|role| may(Act::Place(role))),
        disable: may(Act::Disable),
        remove: may(Act::Remove),
        reset_password: may(Act::ResetPassword),
        revoke_sessions: may(Act::RevokeSessions),
        promote: may(Act::Promote),
    }
}

/// The rank of somebody who administers the organisation.
fn administers(actor: &Person, organization_id: Uuid) -> Result<OrganizationRole, Denied> {
    actor
        .rank_in(organization_id)
        .filter(|rank| *rank >= OrganizationRole::Admin)
        .ok_or(Denied::Forbidden)
}

/// Whether `actor` administers every organisation of `subject`, with no lesser role than `subject` has there.
fn outranks_everywhere(actor: &Person, subject: &Person) -> bool {
    subject
        .roles
        .iter()
        .all(|(organization_id, role)| administers(actor, *organization_id).is_ok_and(|rank| rank >= *role))
}

#[cfg(test)]
mod tests {
    use OrganizationRole::{Admin, Manager, Owner, User};
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
    use protocol::auth::OrganizationRole;
    use uuid::Uuid;

    use super::{Act, Denied, Person, Standing, allowed, may, may_add, may_end_all_of};

    const HERE: Uuid = Uuid::from_u128(100);
    const THERE: Uuid = Uuid::from_u128(200);

    fn person(
        id: u128,
        standing: Standing,
        here: Option<OrganizationRole>,
        there: Option<OrganizationRole>,
    ) -> Person {
        let roles = [(HERE, here), (THERE, there)];
        Person {
            user_id: Uuid::from_u128(id),
            standing,
            roles: roles
                .into_iter()
                .filter_map(|(id, role)| Some((id, role?)))
                .collect(),
        }
    }

    fn within(id: u128, here: OrganizationRole) -> Person {
        person(id, Standing::Within, Some(here), None)
    }

    #[test]
    fn only_administrators_and_owners_administer() {
        let subject = within(2, User);
        for (role, fine) in [(User, false), (Manager, false), (Admin, true), (Owner, true)] {
            let actor = within(1, role);
            for act in [
                Act::See,
                Act::Rename,
                Act::Place(User),
                Act::Disable,
                Act::Remove,
                Act::ResetPassword,
            ] {
                assert_eq!(may(&actor, HERE, act, &subject).is_ok(), fine, "{role:?} {act:?}");
            }
            assert_eq!(may_add(&actor, HERE, User).is_ok(), fine);
        }
    }

    #[test]
    fn an_administrator_of_another_organisation_sees_nobody_here() {
        let actor = person(1, Standing::Within, None, Some(Owner));
        assert_eq!(
            may(&actor, HERE, Act::See, &within(2, User)),
            Err(Denied::Forbidden)
        );
        assert_eq!(
            may(&actor, THERE, Act::See, &within(2, User)),
            Err(Denied::Unseen)
        );
        assert_eq!(
            may(&actor, THERE, Act::Place(User), &within(2, User)),
            Err(Denied::Unseen)
        );
    }

    #[test]
    fn what_is_felt_elsewhere_needs_the_rank_there_too() {
        let subject = person(2, Standing::Within, Some(User), Some(User));
        for act in [Act::Disable, Act::ResetPassword, Act::Rename] {
            assert_eq!(
                may(&within(1, Owner), HERE, act, &subject),
                Err(Denied::Forbidden),
                "{act:?}"
            );
            let of_both = person(1, Standing::Within, Some(Admin), Some(Admin));
            assert_eq!(may(&of_both, HERE, act, &subject), Ok(()));
            let above = person(1, Standing::Above, None, None);
            assert_eq!(may(&above, HERE, act, &subject), Ok(()));
        }
        assert_eq!(may(&within(1, Admin), HERE, Act::Remove, &subject), Ok(()));
    }

    #[test]
    fn only_an_owner_ends_all_sessions_of_an_organisation() {
        assert_eq!(may_end_all_of(&within(1, Admin), HERE), Err(Denied::Forbidden));
        assert_eq!(may_end_all_of(&within(1, Owner), HERE), Ok(()));
        assert_eq!(may_end_all_of(&within(1, Owner), THERE), Err(Denied::Forbidden));
    }

    fn role() -> impl Strategy<Value = OrganizationRole> {
        prop_oneof![Just(User), Just(Manager), Just(Admin), Just(Owner)]
    }

    fn somebody() -> impl Strategy<Value = Person> {
        (
            1..3_u128,
            any::<bool>(),
            proptest::option::of(role()),
            proptest::option::of(role()),
        )
            .prop_map(|(id, above, here, there)| person(id, Standing::of(above), here, there))
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            Just(Act::See),
            Just(Act::Rename),
            role().prop_map(Act::Place),
            Just(Act::Disable),
            Just(Act::Remove),
            Just(Act::ResetPassword),
            Just(Act::RevokeSessions),
            Just(Act::Promote),
        ]
    }

    fn above(subject: &Person, actor: &Person) -> bool {
        match (subject.standing, actor.standing) {
            (_, Standing::Above) => false,
            (Standing::Above, Standing::Within) => true,
            (Standing::Within, Standing::Within) => subject.role_in(HERE) > actor.role_in(HERE),
        }
    }

    proptest! {
        #[test]
        fn nobody_touches_somebody_above(actor in somebody(), subject in somebody(), act in act()) {
            if may(&actor, HERE, act, &subject).is_ok() && act != Act::See {
                prop_assert!(!above(&subject, &actor));
            }
        }

        #[test]
        fn nobody_gives_more_than_the_own_role_and_nobody_raises_himself(actor in somebody(), to in role()) {
            if may(&actor, HERE, Act::Place(to), &actor).is_ok() && actor.standing == Standing::Within {
                prop_assert!(Some(to) <= actor.role_in(HERE));
            }
            if may_add(&actor, HERE, to).is_ok() && actor.standing == Standing::Within {
                prop_assert!(Some(to) <= actor.role_in(HERE));
            }
            prop_assert!(may(&actor, HERE, Act::Promote, &actor).is_err());
        }

        #[test]
        fn nobody_shuts_himself_out(actor in somebody()) {
            for act in [Act::Disable, Act::Remove, Act::ResetPassword] {
                prop_assert!(may(&actor, HERE, act, &actor).is_err());
            }
        }

        #[test]
        fn a_stranger_to_the_organisation_is_not_seen(actor in somebody(), subject in somebody(), act in act()) {
            if actor.standing == Standing::Within && subject.role_in(HERE).is_none() {
                prop_assert!(may(&actor, HERE, act, &subject).is_err());
            }
        }

        #[test]
        fn only_those_above_promote(actor in somebody(), subject in somebody()) {
            if may(&actor, HERE, Act::Promote, &subject).is_ok() {
                prop_assert!(actor.standing == Standing::Above);
            }
        }

        #[test]
        fn a_screen_offers_what_the_server_takes(actor in somebody(), subject in somebody()) {
            let offered = allowed(&actor, HERE, &subject);
            prop_assert!(offered.disable == may(&actor, HERE, Act::Disable, &subject).is_ok());
            prop_assert!(offered.reset_password == may(&actor, HERE, Act::ResetPassword, &subject).is_ok());
            prop_assert!(!offered.promote || actor.standing == Standing::Above);
        }
    }
}
