import { LabIcon } from '@jupyterlab/ui-components';

const icon = (name: string, path: string): LabIcon =>
  new LabIcon({
    name: `notehouse:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"><g class="jp-icon3" fill="none" stroke="#616161" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${path}</g></svg>`
  });

export const databaseIcon = icon(
  'database',
  '<ellipse cx="12" cy="5" rx="8" ry="3"/><path d="M4 5v14c0 1.7 3.6 3 8 3s8-1.3 8-3V5"/><path d="M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"/>'
);

export const publishIcon = icon(
  'publish',
  '<path d="M12 15V4"/><path d="m7 8 5-5 5 5"/><path d="M4 14v6h16v-6"/>'
);

export const timerIcon = icon('timer', '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>');

export const bellIcon = icon(
  'bell',
  '<path d="M6 10a6 6 0 0 1 12 0c0 6 2 7 2 7H4s2-1 2-7"/><path d="M10 20.5a2.2 2.2 0 0 0 4 0"/>'
);
