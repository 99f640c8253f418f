/// <reference types="svelte" />
/// <reference types="vite/client" />

declare const __BROWSER_BUILD__: boolean;
