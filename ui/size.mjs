// Prints what the first screen loads from `dist`, compressed, as `name value unit`.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const at = (path) => readFileSync(new URL(`./dist/${path.replace(/^\.?\//, '')}`, import.meta.url));
const page = at('index.html').toString();
const loaded = [...page.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map((match) => match[1]);
const sum = (files, of) => files.reduce((total, file) => total + of(at(file)), 0);
const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
const js = loaded.filter((file) => file.endsWith('.js'));
const css = loaded.filter((file) => file.endsWith('.css'));
const fonts = [
  ...new Set(
    css.flatMap((file) =>
      [
        ...at(file)
          .toString()
          .matchAll(/url\(([^)]+latin-wght[^)]+)\)/g),
      ].map((m) => m[1].replace(/["']/g, '')),
    ),
  ),
];

console.log(`first_screen_js_gzip ${sum(js, gzip)} bytes`);
console.log(`first_screen_css_gzip ${sum(css, gzip)} bytes`);
console.log(`first_screen_gzip ${sum([...js, ...css], gzip)} bytes`);
console.log(
  `first_screen_font ${sum(
    fonts.map((file) => (file.startsWith('/') ? file : `assets/${file}`)),
    (bytes) => bytes.length,
  )} bytes`,
);
