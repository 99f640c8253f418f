//! What administrators do: everybody's sessions, people, organisations, sites and tills.

use protocol::administration::{
    MembershipRequest, NewOrganizationRequest, NewTillRequest, NewUserRequest, OrganizationList,
    OrganizationSummary, SiteChange, TillChange, UserChange,
};
use tauri::State;

use crate::administration::{organizations, people, places, sessions};
use crate::controller::ControllerHandle;
use crate::view::UiError;
use crate::view::administration::{
    OneTimePassword, PeoplePage, PeopleQuery, PersonDetail, Places, SessionPage, SessionQuery, Site, Till,
};

/// Everybody's live sessions that fit, a page of them, newest first.
#[tauri::command]
#[specta::specta]
pub async fn live_sessions(
    app: State<'_, ControllerHandle>,
    query: SessionQuery,
) -> Result<SessionPage, UiError> {
    sessions::live(&app.client().await?, query).await
}

/// Ends anybody's session.
#[tauri::command]
#[specta::specta]
pub async fn end_session(app: State<'_, ControllerHandle>, session_id: String) -> Result<u32, UiError> {
    sessions::revoke(&app.client().await?, &session_id).await
}

/// Ends a person's sessions.
#[tauri::command]
#[specta::specta]
pub async fn end_sessions_of_person(
    app: State<'_, ControllerHandle>,
    user_id: String,
) -> Result<u32, UiError> {
    sessions::revoke_of_person(&app.client().await?, &user_id).await
}

/// Ends an organisation's sessions.
#[tauri::command]
#[specta::specta]
pub async fn end_sessions_of_organization(
    app: State<'_, ControllerHandle>,
    organization_id: String,
) -> Result<u32, UiError> {
    sessions::revoke_of_organization(&app.client().await?, &organization_id).await
}

/// Ends every session but this one.
#[tauri::command]
#[specta::specta]
pub async fn end_all_sessions(app: State<'_, ControllerHandle>) -> Result<u32, UiError> {
    sessions::revoke_all(&app.client().await?).await
}

/// The people that fit, a page of them, by user name.
#[tauri::command]
#[specta::specta]
pub async fn people(app: State<'_, ControllerHandle>, query: PeopleQuery) -> Result<PeoplePage, UiError> {
    people::list(&app.client().await?, query).await
}

/// One person, with what may be done to them.
#[tauri::command]
#[specta::specta]
pub async fn person(app: State<'_, ControllerHandle>, user_id: String) -> Result<PersonDetail, UiError> {
    people::detail(&app.client().await?, &user_id).await
}

/// Makes an account in the current organisation.
#[tauri::command]
#[specta::specta]
pub async fn add_person(
    app: State<'_, ControllerHandle>,
    person: NewUserRequest,
) -> Result<OneTimePassword, UiError> {
    people::add(&app.client().await?, &person).await
}

/// Changes an account.
#[tauri::command]
#[specta::specta]
pub async fn change_person(
    app: State<'_, ControllerHandle>,
    user_id: String,
    change: UserChange,
) -> Result<PersonDetail, UiError> {
    people::change(&app.client().await?, &user_id, &change).await
}

/// Makes somebody of another organisation one of the current organisation's people.
#[tauri::command]
#[specta::specta]
pub async fn join_person(
    app: State<'_, ControllerHandle>,
    user_id: String,
    membership: MembershipRequest,
) -> Result<PersonDetail, UiError> {
    people::join(&app.client().await?, &user_id, &membership).await
}

/// Takes somebody out of the current organisation.
#[tauri::command]
#[specta::specta]
pub async fn remove_person(app: State<'_, ControllerHandle>, user_id: String) -> Result<(), UiError> {
    people::remove(&app.client().await?, &user_id).await
}

/// Makes a password for one sign-in.
#[tauri::command]
#[specta::specta]
pub async fn reset_password(
    app: State<'_, ControllerHandle>,
    user_id: String,
) -> Result<OneTimePassword, UiError> {
    people::reset_password(&app.client().await?, &user_id).await
}

/// The organisations that the operator administers, a page of them, by short name.
#[tauri::command]
#[specta::specta]
pub async fn administered_organizations(
    app: State<'_, ControllerHandle>,
    after: Option<String>,
) -> Result<OrganizationList, UiError> {
    organizations::list(&app.client().await?, after).await
}

/// Makes an organisation.
#[tauri::command]
#[specta::specta]
pub async fn add_organization(
    app: State<'_, ControllerHandle>,
    organization: NewOrganizationRequest,
) -> Result<OrganizationSummary, UiError> {
    organizations::add(&app.client().await?, &organization).await
}

/// Gives an organisation another name.
#[tauri::command]
#[specta::specta]
pub async fn rename_organization(
    app: State<'_, ControllerHandle>,
    organization_id: String,
    name: String,
) -> Result<OrganizationSummary, UiError> {
    organizations::rename(&app.client().await?, &organization_id, name).await
}

/// The current organisation's sites and tills.
#[tauri::command]
#[specta::specta]
pub async fn places(app: State<'_, ControllerHandle>) -> Result<Places, UiError> {
    places::all(&app.client().await?).await
}

/// Makes a site.
#[tauri::command]
#[specta::specta]
pub async fn add_site(app: State<'_, ControllerHandle>, name: String) -> Result<Site, UiError> {
    places::add_site(&app.client().await?, name).await
}

/// Changes a site.
#[tauri::command]
#[specta::specta]
pub async fn change_site(
    app: State<'_, ControllerHandle>,
    site_id: String,
    change: SiteChange,
) -> Result<Site, UiError> {
    places::change_site(&app.client().await?, &site_id, &change).await
}

/// Makes a till.
#[tauri::command]
#[specta::specta]
pub async fn add_till(app: State<'_, ControllerHandle>, till: NewTillRequest) -> Result<Till, UiError> {
    places::add_till(&app.client().await?, &till).await
}

/// Changes a till.
#[tauri::command]
#[specta::specta]
pub async fn change_till(
    app: State<'_, ControllerHandle>,
    till_id: String,
    change: TillChange,
) -> Result<Till, UiError> {
    places::change_till(&app.client().await?, &till_id, &change).await
}
