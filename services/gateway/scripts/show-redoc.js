// Runs in the browser: Redoc on the document that the page names.
import { init } from './redoc.js';

const element = document.querySelector('redoc');
init(
  element.dataset.document,
  {
    disableTelemetry: true,
    sanitize: true,
    // The languages of `x-codeSamples`; Redoc shows no others.
    codeSamples: { languages: [{ lang: 'curl' }, { lang: 'TypeScript' }, { lang: 'Payload' }] },
  },
  element,
);
