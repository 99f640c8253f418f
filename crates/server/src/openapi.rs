//! The server's OpenAPI document, made from the routes and the wire types.

use std::collections::BTreeMap;

use protocol::Problem;
use protocol::error::PROBLEM_JSON;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as _, ToSchema as _};

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format("JWT")
                    .build(),
            ),
        );
    }
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Vigie",
        description = "Sessions, sign-in, rotation, revocation and sales. Every failure is RFC 9457 problem details with a stable `code`."
    ),
    components(schemas(Problem)),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Document;

/// The document before any route.
pub(crate) fn empty() -> OpenApi {
    Document::openapi()
}

/// Adds to every operation that it may fail with a problem.
pub(crate) fn with_failures(mut document: OpenApi) -> OpenApi {
    let problem = ResponseBuilder::new()
        .description("Any failure")
        .content(
            PROBLEM_JSON,
            ContentBuilder::new().schema(Some(problem_reference())).build(),
        )
        .build();
    for path in document.paths.paths.values_mut() {
        let operations: [&mut Option<Operation>; 5] = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.delete,
            &mut path.patch,
        ];
        for operation in operations.into_iter().flatten() {
            let responses: &mut BTreeMap<_, _> = &mut operation.responses.responses;
            responses
                .entry("default".to_owned())
                .or_insert(RefOr::T(problem.clone()));
        }
    }
    document
}

fn problem_reference() -> RefOr<utoipa::openapi::Schema> {
    RefOr::Ref(utoipa::openapi::Ref::from_schema_name(Problem::name()))
}
