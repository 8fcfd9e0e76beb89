// The plain JavaScript of the portal and of dashboards: browsers run it as it is.
import { defineConfig } from 'eslint/config';

// What browsers have, as far as these files use it.
const NAMES = `
  AbortController CustomEvent DOMParser DataView Event FormData IntersectionObserver Request Response TextDecoder TextEncoder URL
  URLSearchParams WebSocket addEventListener atob crypto document fetch history location navigator performance
  clearTimeout CSS EventSource Option queueMicrotask requestAnimationFrame sessionStorage setTimeout structuredClone window
`;
const browser = Object.fromEntries(
  NAMES.trim()
    .split(/\s+/)
    .map(name => [name, 'readonly'])
);

export default defineConfig({
  languageOptions: { ecmaVersion: 2022, globals: browser },
  linterOptions: { reportUnusedDisableDirectives: 'error' },
  rules: {
    eqeqeq: 'error',
    'no-const-assign': 'error',
    'no-dupe-keys': 'error',
    'no-empty': 'error',
    'no-eval': 'error',
    'no-implied-eval': 'error',
    'no-redeclare': 'error',
    'no-undef': 'error',
    'no-unreachable': 'error',
    'no-unused-vars': 'error',
    'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
    'no-var': 'error',
    'prefer-const': 'error'
  }
});
