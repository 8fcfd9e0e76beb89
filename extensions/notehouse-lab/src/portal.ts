import { PageConfig } from '@jupyterlab/coreutils';

/** The address of a page of the platform: on the Hub's host, which is not ours where servers have subdomains. */
export function onPlatform(path: string): string {
  return PageConfig.getOption('hubHost') + path;
}
