//! What somebody may do while acting as another: one table over every route that needs a session.

use http::Method;

/// Whether a call is taken from somebody who acts as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It is taken, as far as the other may make it, and written down.
    Allowed,
    /// It is refused, and the try is written down.
    Forbidden,
}

use Permission::{Allowed, Forbidden};

/// The calls by method and route. Forbidden is what is about passwords, mail or whom notices reach, what deletes, archives or
/// ends sessions, what puts people above others, what the server takes for the user's own presence or own count of the drawer, and impersonation itself
/// but for stopping this one.
pub const CALLS: [(&str, &str, Permission); 70] = [
    ("POST", "/v1/activity/ping", Forbidden),
    ("GET", "/v1/admin/alerts", Allowed),
    ("POST", "/v1/admin/alerts/test", Forbidden),
    ("GET", "/v1/admin/audit", Allowed),
    ("GET", "/v1/admin/audit/export", Allowed),
    ("GET", "/v1/admin/categories", Allowed),
    ("POST", "/v1/admin/categories", Allowed),
    ("POST", "/v1/admin/categories/starter", Allowed),
    ("PATCH", "/v1/admin/categories/{id}", Forbidden),
    ("POST", "/v1/admin/categories/{id}/move", Allowed),
    ("GET", "/v1/admin/organizations", Allowed),
    ("POST", "/v1/admin/organizations", Forbidden),
    ("PATCH", "/v1/admin/organizations/{id}", Forbidden),
    ("POST", "/v1/admin/organizations/{id}/revoke-sessions", Forbidden),
    ("GET", "/v1/admin/sessions", Allowed),
    ("GET", "/v1/admin/sessions/devices", Allowed),
    ("GET", "/v1/admin/sessions/errors", Allowed),
    ("GET", "/v1/admin/sessions/metrics", Allowed),
    ("GET", "/v1/admin/sessions/metrics/export", Allowed),
    ("POST", "/v1/admin/sessions/revoke-all", Forbidden),
    ("POST", "/v1/admin/sessions/{id}/revoke", Forbidden),
    ("GET", "/v1/admin/settings/impersonation", Forbidden),
    ("PUT", "/v1/admin/settings/impersonation", Forbidden),
    ("GET", "/v1/admin/settings/mail", Forbidden),
    ("PUT", "/v1/admin/settings/mail", Forbidden),
    ("GET", "/v1/admin/settings/monitoring", Allowed),
    ("PUT", "/v1/admin/settings/monitoring", Forbidden),
    ("GET", "/v1/admin/settings/session", Allowed),
    ("PUT", "/v1/admin/settings/session", Allowed),
    ("GET", "/v1/admin/sites", Allowed),
    ("POST", "/v1/admin/sites", Allowed),
    ("PATCH", "/v1/admin/sites/{id}", Forbidden),
    ("GET", "/v1/admin/till-days", Allowed),
    ("GET", "/v1/admin/tills", Allowed),
    ("POST", "/v1/admin/tills", Allowed),
    ("PATCH", "/v1/admin/tills/{id}", Forbidden),
    ("GET", "/v1/admin/users", Allowed),
    ("POST", "/v1/admin/users", Forbidden),
    ("GET", "/v1/admin/users/{id}", Allowed),
    ("PATCH", "/v1/admin/users/{id}", Forbidden),
    ("PUT", "/v1/admin/users/{id}/membership", Forbidden),
    ("DELETE", "/v1/admin/users/{id}/membership", Forbidden),
    ("POST", "/v1/admin/users/{id}/password", Forbidden),
    ("POST", "/v1/admin/users/{id}/revoke-sessions", Forbidden),
    ("POST", "/v1/auth/logout", Forbidden),
    ("GET", "/v1/auth/me", Allowed),
    ("GET", "/v1/auth/notices", Allowed),
    ("POST", "/v1/auth/notices/{id}/seen", Forbidden),
    ("POST", "/v1/auth/organization", Forbidden),
    ("GET", "/v1/auth/organizations", Allowed),
    ("POST", "/v1/auth/password", Forbidden),
    ("POST", "/v1/auth/reauthenticate", Forbidden),
    ("GET", "/v1/auth/sessions", Allowed),
    ("POST", "/v1/auth/sessions/revoke-others", Forbidden),
    ("POST", "/v1/auth/sessions/{id}/revoke", Forbidden),
    ("GET", "/v1/categories", Allowed),
    ("GET", "/v1/events", Allowed),
    ("GET", "/v1/impersonations", Forbidden),
    ("POST", "/v1/impersonations", Forbidden),
    ("POST", "/v1/impersonations/{id}/force-stop", Forbidden),
    ("POST", "/v1/impersonations/{id}/stop", Allowed),
    ("POST", "/v1/impersonations/{id}/token", Forbidden),
    ("GET", "/v1/monitoring/sessions/metrics", Allowed),
    ("GET", "/v1/monitoring/sessions/metrics/prometheus", Allowed),
    ("GET", "/v1/sales", Allowed),
    ("POST", "/v1/sales", Allowed),
    ("GET", "/v1/tills", Allowed),
    ("POST", "/v1/tills/{id}/close", Forbidden),
    ("GET", "/v1/tills/{id}/day", Allowed),
    ("POST", "/v1/tills/{id}/open", Forbidden),
];

/// What the table says; what it does not know is forbidden. A `HEAD` is the `GET` without its body.
pub fn permission(method: &Method, route: &str) -> Permission {
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let found = CALLS
        .iter()
        .find(|(known, path, _)| *known == method && *path == route);
    found.map_or(Forbidden, |(_, _, permission)| *permission)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Permission, permission};

    #[test]
    fn what_is_not_known_is_forbidden() {
        let permission = |method, route| permission(&method, route);
        assert_eq!(permission(Method::GET, "/v1/auth/me"), Permission::Allowed);
        assert_eq!(permission(Method::HEAD, "/v1/auth/me"), Permission::Allowed);
        assert_eq!(permission(Method::POST, "/v1/auth/me"), Permission::Forbidden);
        assert_eq!(permission(Method::GET, "/v1/of/tomorrow"), Permission::Forbidden);
        assert_eq!(
            permission(Method::POST, "/v1/auth/password"),
            Permission::Forbidden
        );
    }
}
