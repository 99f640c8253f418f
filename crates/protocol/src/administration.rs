//! Users, organisations, sites, tills and categories as administrators see and change them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::Secret;
use crate::auth::OrganizationRole;

/// A user as a member of one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct UserSummary {
    /// The user's id.
    pub user_id: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// The name to show.
    pub display_name: String,
    /// The role in the caller's current organisation; absent for a user who does not belong to it, as only a super admin
    /// sees one.
    pub role: Option<OrganizationRole>,
    /// The site where the user works there, if one.
    pub site_id: Option<Uuid>,
    /// Its name.
    pub site_name: Option<String>,
    /// Whether the user stands above all organisations.
    pub super_admin: bool,
    /// Since when the account is disabled.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub disabled_at: Option<DateTime<Utc>>,
    /// The last sign-in.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

/// `GET /v1/admin/users`: a page of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct UserList {
    /// By user name.
    pub users: Vec<UserSummary>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user's place in one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct UserMembership {
    /// The organisation.
    pub organization_id: Uuid,
    /// Its name.
    pub organization_name: String,
    /// The role there.
    pub role: OrganizationRole,
    /// The site there, if one.
    pub site_id: Option<Uuid>,
    /// Its name.
    pub site_name: Option<String>,
}

/// `GET /v1/admin/users/{id}`, and the answer to changes of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct UserDetail {
    /// The user in the caller's current organisation.
    #[serde(flatten)]
    pub user: UserSummary,
    /// Whether the password is for one use and still to be changed.
    pub must_change_password: bool,
    /// The user's organisations, as far as the caller may know of them: the current one, or all for a super admin.
    pub memberships: Vec<UserMembership>,
    /// What the caller may do to this user.
    pub allowed: UserActions,
}

/// What the caller may do to a user; a screen offers nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is the answer to a question of its own, on the wire as true or false"
)]
pub struct UserActions {
    /// Change the name to show.
    pub rename: bool,
    /// Change role and site in the current organisation.
    pub change_role: bool,
    /// Disable or enable the account.
    pub disable: bool,
    /// End the membership in the current organisation.
    pub remove: bool,
    /// Make a one-time password.
    pub reset_password: bool,
    /// End sessions.
    pub revoke_sessions: bool,
    /// Make or unmake a super admin.
    pub promote: bool,
}

/// `POST /v1/admin/users`: a new user of the caller's current organisation. The password is made by the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewUserRequest {
    /// The name to sign in with, unique over all organisations: 1 to 128 characters; letter case does not matter.
    pub username: String,
    /// The name to show, 1 to 128 characters.
    pub display_name: String,
    /// The role, none above the caller's own.
    pub role: OrganizationRole,
    /// A site of the organisation.
    #[serde(default)]
    pub site_id: Option<Uuid>,
}

/// Answer to `POST /v1/admin/users`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewUserAnswer {
    /// The user.
    pub user: UserDetail,
    /// The password for the first sign-in. It is never shown again.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub one_time_password: Secret,
}

/// Answer to `POST /v1/admin/users/{id}/password`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OneTimePasswordAnswer {
    /// The password for the next sign-in. It is never shown again.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub one_time_password: Secret,
    /// How many of the user's sessions this call ended.
    pub revoked: u32,
}

/// `PATCH /v1/admin/users/{id}`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct UserChange {
    /// The name to show, 1 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The role in the current organisation, none above the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<OrganizationRole>,
    /// The site in the current organisation; `null` for none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Uuid>))]
    #[cfg_attr(feature = "bindings", specta(type = Option<Uuid>))]
    pub site_id: Option<Option<Uuid>>,
    /// Whether the account is disabled. Disabling ends all of its sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Whether the user stands above all organisations; only a super admin may change that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub super_admin: Option<bool>,
}

/// `PUT /v1/admin/users/{id}/membership`: makes a user of another organisation a member of the current one. Only a super
/// admin may, who sees the users of all organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MembershipRequest {
    /// The role.
    pub role: OrganizationRole,
    /// A site of the organisation.
    #[serde(default)]
    pub site_id: Option<Uuid>,
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OrganizationSummary {
    /// Its id.
    pub organization_id: Uuid,
    /// Its short name: lower case letters, digits and hyphens.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// `GET /v1/admin/organizations`: a page of organisations; for anybody but a super admin, the current one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OrganizationList {
    /// By short name.
    pub organizations: Vec<OrganizationSummary>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/admin/organizations`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewOrganizationRequest {
    /// Its name, 1 to 128 characters.
    pub name: String,
    /// Its short name, 1 to 64 lower case letters, digits and hyphens; it never changes.
    pub slug: String,
}

/// `PATCH /v1/admin/organizations/{id}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OrganizationChange {
    /// Its name, 1 to 128 characters.
    pub name: String,
}

/// A place where an organisation works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SiteSummary {
    /// Its id.
    pub site_id: Uuid,
    /// Its name, unique within the organisation among those that are not archived.
    pub name: String,
    /// Since when it is archived: nobody is placed there any more, what was sold there stays.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub archived_at: Option<DateTime<Utc>>,
}

/// `GET /v1/admin/sites`: a page of the current organisation's sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SiteList {
    /// By name.
    pub sites: Vec<SiteSummary>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/admin/sites`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewSiteRequest {
    /// Its name, 1 to 128 characters.
    pub name: String,
}

/// `PATCH /v1/admin/sites/{id}`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SiteChange {
    /// Its name, 1 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// A counter at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TillSummary {
    /// Its id.
    pub till_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// That site's name.
    pub site_name: String,
    /// Its name, unique at the site among those that are not archived.
    pub name: String,
    /// When it was added.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub created_at: DateTime<Utc>,
    /// Since when it is archived.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub archived_at: Option<DateTime<Utc>>,
}

/// `GET /v1/admin/tills`: a page of the current organisation's tills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TillList {
    /// By site, then by name.
    pub tills: Vec<TillSummary>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/admin/tills`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewTillRequest {
    /// A site of the organisation.
    pub site_id: Uuid,
    /// Its name, 1 to 64 characters.
    pub name: String,
}

/// `PATCH /v1/admin/tills/{id}`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TillChange {
    /// Its name, 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// A category with what only administrators see of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CategorySummary {
    /// Its id.
    pub category_id: Uuid,
    /// The name on the tile, unique in the organisation among those in use, capitals or not.
    pub name: String,
    /// The usual price of one piece in cents; absent where it is asked for each time.
    pub price_cents: Option<u32>,
    /// The key that picks it, a single letter or digit in lower case, unique among those in use.
    pub shortcut: Option<String>,
    /// Where it stands, smallest first.
    pub position: u32,
    /// Its barcodes, each unique in the organisation among categories in use.
    pub barcodes: Vec<String>,
    /// Since when it is archived: tills sell it no longer, what was sold of it stays.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub archived_at: Option<DateTime<Utc>>,
}

/// `GET /v1/admin/categories`: a page of the current organisation's categories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CategorySummaries {
    /// By position, archived ones too.
    pub categories: Vec<CategorySummary>,
    /// What to send as `after` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/admin/categories`: it comes after the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewCategoryRequest {
    /// The name on the tile, 1 to 64 characters.
    pub name: String,
    /// The usual price of one piece in cents, 0 to 10,000,000; absent where it is asked for each time.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 10000000))]
    pub price_cents: Option<u32>,
    /// The key that picks it, a single letter or digit.
    #[serde(default)]
    pub shortcut: Option<String>,
    /// Its barcodes, at most 20, each of 4 to 32 printable ASCII characters; absent for none.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub barcodes: Option<Vec<String>>,
}

/// `PATCH /v1/admin/categories/{id}`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CategoryChange {
    /// The name on the tile, 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The usual price of one piece in cents, 0 to 10,000,000; `null` where it is asked for each time.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, maximum = 10000000))]
    #[cfg_attr(feature = "bindings", specta(type = Option<u32>))]
    pub price_cents: Option<Option<u32>>,
    /// The key that picks it, a single letter or digit; `null` for none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub shortcut: Option<Option<String>>,
    /// All of its barcodes from now on, at most 20, each of 4 to 32 printable ASCII characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_items = 20))]
    pub barcodes: Option<Vec<String>>,
    /// Whether it is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// Past which neighbour a category moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum MoveDirection {
    /// Past the one before it.
    Up,
    /// Past the one after it.
    Down,
}

/// `POST /v1/admin/categories/{id}/move`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategoryMove {
    /// Where to, among those in use.
    pub direction: MoveDirection,
}

/// The language of the first categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub enum GoodsLanguage {
    /// French.
    Fr,
    /// English.
    En,
}

/// `POST /v1/admin/categories/starter`: the first categories of an organisation that never had one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StarterCategoriesRequest {
    /// The language of their names.
    pub language: GoodsLanguage,
}

/// A member that is there, `null` or not: told apart from one that is absent.
fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{CategoryChange, UserChange};

    #[test]
    fn a_site_taken_away_is_told_from_one_left_alone() {
        let read = |text: &str| serde_json::from_str::<UserChange>(text).unwrap().site_id;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"site_id":null}"#), Some(None));
        assert_eq!(
            read(r#"{"site_id":"00000000-0000-0000-0000-000000000001"}"#),
            Some(Some(Uuid::from_u128(1)))
        );
    }

    #[test]
    fn a_price_and_a_key_taken_away_are_told_from_those_left_alone() {
        let read = |text: &str| serde_json::from_str::<CategoryChange>(text).unwrap();
        assert_eq!(read("{}"), CategoryChange::default());
        let without = read(r#"{"price_cents":null,"shortcut":null}"#);
        assert_eq!((without.price_cents, without.shortcut), (Some(None), Some(None)));
        assert_eq!(read(r#"{"price_cents":0}"#).price_cents, Some(Some(0)));
    }

    #[test]
    fn a_change_is_written_as_it_is_read() {
        let away = UserChange {
            site_id: Some(None),
            ..UserChange::default()
        };
        assert_eq!(serde_json::to_string(&away).unwrap(), r#"{"site_id":null}"#);
        assert_eq!(serde_json::to_string(&UserChange::default()).unwrap(), "{}");
    }
}
