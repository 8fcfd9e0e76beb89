import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What the API said when it refused; its message is fit to be shown. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number
  ) {
    super(message);
  }
}

export interface Me {
  username: string;
  tenants: { slug: string; permissions: string[]; data_sources: string[] }[];
}

export interface DataSource {
  id: string;
  tenant: string;
  name: string;
  type: string;
  description: string;
}

export interface Column {
  name: string;
  type: string;
  comment: string;
}

export interface Table {
  schema: string;
  table: string;
  /** How SQL names it. */
  reference: string;
  comment: string;
  columns: Column[];
}

export interface Dashboard {
  id: string;
  tenant: string;
  slug: string;
  name: string;
  url: string;
}

export interface Version {
  number: number;
  state: 'rendering' | 'ready' | 'failed';
  error: { cell?: number; name?: string; message?: string } | null;
  tiles: { title: string; needs_python: boolean; reason: string }[];
}

export interface Schedule {
  id: string;
  name: string;
  next_at: string | null;
}

export interface Alert {
  id: string;
  name: string;
}

interface Page<T> {
  items: T[];
}

/** Call the API through this server, which adds the person's identity. Throws Refusal. */
async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'notehouse/api') + '/' + path;
  // JupyterLab's own default, no-store, adds the time to the address, and the API refuses parameters it does not know.
  const init: RequestInit = { method, cache: 'no-cache' };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
  }
  let answer: Response;
  try {
    answer = await ServerConnection.makeRequest(url, init, settings);
  } catch {
    throw new Refusal('Your JupyterLab server does not answer. Try again in a moment.', 0);
  }
  const content: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    throw new Refusal(messageIn(content) ?? `The API answered ${answer.status}.`, answer.status);
  }
  return content as T;
}

function messageIn(content: unknown): string | undefined {
  const told = content as { error?: { message?: string }; message?: string } | null;
  return told?.error?.message ?? told?.message;
}

export const me = (): Promise<Me> => call('GET', 'me');

export async function dataSources(): Promise<DataSource[]> {
  return (await call<Page<DataSource>>('GET', 'data-sources?limit=200')).items;
}

export async function schemaOf(source: string): Promise<Table[]> {
  return (await call<Page<Table>>('GET', `data-sources/${source}/schema`)).items;
}

/** The dashboard of a tenant at an address, if there is one that the caller may see. */
export async function findDashboard(tenant: string, slug: string): Promise<Dashboard | undefined> {
  const query = `search=${encodeURIComponent(slug)}&limit=200`;
  const found = await call<Page<Dashboard>>('GET', `dashboards?${query}`);
  return found.items.find(one => one.slug === slug && one.tenant === tenant);
}

export const makeDashboard = (wanted: {
  tenant: string;
  slug: string;
  name: string;
}): Promise<Dashboard> => call('POST', 'dashboards', wanted);

export const publish = (id: string, notebook: unknown, message: string): Promise<Version> =>
  call('POST', `dashboards/${id}/versions`, { notebook, message });

export const versionOf = (id: string, number: number): Promise<Version> =>
  call('GET', `dashboards/${id}/versions/${number}`);

export const makeSchedule = (wanted: Record<string, unknown>): Promise<Schedule> =>
  call('POST', 'schedules', wanted);

export const makeAlert = (wanted: Record<string, unknown>): Promise<Alert> =>
  call('POST', 'alerts', wanted);
