//! What the webview may call, tried over the bridge itself: the app's own commands from the one window, nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder};
use tauri::webview::InvokeRequest;
use tauri::{WebviewWindow, WebviewWindowBuilder};

use crate::bindings;
use crate::testing::Device;
use crate::view::{DeviceSettings, Language};

struct Bridge {
    _runtime: tokio::runtime::Runtime,
    _device: Device,
    app: tauri::App<MockRuntime>,
}

impl Bridge {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let (device, started) = runtime.block_on(async {
            let device = Device::new();
            let started = device.start();
            (device, started)
        });
        let bridge = bindings::builder::<MockRuntime>();
        let app = mock_builder()
            .invoke_handler(bridge.invoke_handler())
            .manage(started.handle)
            .setup(move |app| {
                bridge.mount_events(app);
                Ok(())
            })
            .build(tauri::generate_context!())
            .unwrap();
        Self {
            _runtime: runtime,
            _device: device,
            app,
        }
    }

    fn window(&self, label: &str) -> WebviewWindow<MockRuntime> {
        WebviewWindowBuilder::new(&self.app, label, tauri::WebviewUrl::default())
            .build()
            .unwrap()
    }
}

fn call(
    window: &WebviewWindow<MockRuntime>,
    command: &str,
    body: serde_json::Value,
) -> Result<serde_json::Value, serde_json::Value> {
    call_from(window, "tauri://localhost", command, body)
}

fn call_from(
    window: &WebviewWindow<MockRuntime>,
    url: &str,
    command: &str,
    body: serde_json::Value,
) -> Result<serde_json::Value, serde_json::Value> {
    let request = InvokeRequest {
        cmd: command.to_owned(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: url.parse().unwrap(),
        body: InvokeBody::Json(body),
        headers: http::HeaderMap::default(),
        invoke_key: INVOKE_KEY.to_owned(),
    };
    get_ipc_response(window, request).map(|answer| answer.deserialize().unwrap())
}

/// Every command, as the committed bindings call it.
fn commands() -> BTreeSet<String> {
    let bindings = include_str!("../../../ui/src/shell/bindings.ts");
    bindings
        .lines()
        .filter(|line| !line.starts_with("import"))
        .filter_map(|line| line.split("__TAURI_INVOKE").nth(1))
        .filter_map(|rest| rest.split('"').nth(1))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_is_permitted_by_name_and_no_other() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src-tauri/permissions/app.toml");
    let table: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let permitted: Vec<String> = table["permission"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|permission| permission["commands"]["allow"].as_array().unwrap())
        .map(|command| command.as_str().unwrap().to_owned())
        .collect();
    assert!(commands().len() > 20);
    assert_eq!(permitted.len(), commands().len());
    assert_eq!(permitted.into_iter().collect::<BTreeSet<_>>(), commands());
}

#[test]
fn the_window_reaches_every_command() {
    let bridge = Bridge::new();
    let window = bridge.window("main");
    for command in commands() {
        if let Err(error) = call(&window, &command, serde_json::json!({})) {
            let text = error.to_string();
            assert!(
                !text.contains("not allowed") && !text.contains("not found"),
                "{command}: {text}"
            );
        }
    }
}

#[test]
fn no_plugin_and_no_core_command_but_listening_is_allowed() {
    let bridge = Bridge::new();
    let window = bridge.window("main");
    for command in [
        "plugin:window|close",
        "plugin:window|create",
        "plugin:webview|create_webview_window",
        "plugin:event|emit",
        "plugin:event|emit_to",
        "plugin:path|resolve_directory",
        "plugin:app|version",
        "plugin:menu|new",
        "plugin:tray|new",
        "plugin:image|from_path",
        "plugin:resources|close",
        "plugin:window-state|save_window_state",
        "no_such_command",
    ] {
        let answer = call(&window, command, serde_json::json!({})).map_err(|error| error.to_string());
        assert!(
            answer
                .as_ref()
                .is_err_and(|text| text.contains("not allowed") || text.contains("not found")),
            "{command}: {answer:?}"
        );
    }
}

#[test]
fn another_window_and_another_origin_reach_nothing() {
    let bridge = Bridge::new();
    let (main, other) = (bridge.window("main"), bridge.window("other"));
    for answer in [
        call(&other, "app_view", serde_json::json!({})),
        call_from(&main, "https://example.org", "app_view", serde_json::json!({})),
        call_from(&main, "http://127.0.0.1:8080", "about", serde_json::json!({})),
    ] {
        assert!(answer.unwrap_err().to_string().contains("not allowed"));
    }
    assert!(call(&main, "app_view", serde_json::json!({})).is_ok());
}

#[test]
fn answers_and_refusals_cross_the_bridge_in_the_form_of_the_bindings() {
    let bridge = Bridge::new();
    let window = bridge.window("main");
    let view = call(&window, "app_view", serde_json::json!({})).unwrap();
    assert!(view["session"]["since_ms"].is_number());
    let mut settings: DeviceSettings = serde_json::from_value(view["settings"].clone()).unwrap();
    settings.language = Language::En;
    let view = call(
        &window,
        "device_settings_put",
        serde_json::json!({ "settings": settings }),
    )
    .unwrap();
    assert_eq!(view["settings"]["language"], "en");
    let refused = call(&window, "my_sessions", serde_json::json!({})).unwrap_err();
    assert_eq!(
        refused,
        serde_json::json!({ "code": "session_over", "retry_after_seconds": null, "subject": null })
    );
    let unknown =
        serde_json::json!({ "server": { "kind": "remote", "url": "http://vigie.example" }, "caFile": null });
    assert_eq!(
        call(&window, "test_server", unknown).unwrap_err()["code"],
        "address_insecure"
    );
}

#[test]
fn a_draft_with_a_field_too_many_is_refused_before_it_is_read() {
    let bridge = Bridge::new();
    let window = bridge.window("main");
    let mut draft = serde_json::to_value(crate::work::sample::ticket(1)).unwrap();
    draft["discount"] = serde_json::json!(1);
    let refused = call(&window, "ticket_put", serde_json::json!({ "draft": draft })).unwrap_err();
    assert!(refused.to_string().contains("discount"));
}
