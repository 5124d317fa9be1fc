import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { makePageRenderer, readPageTexts } from '../access/pages/page-renderer.ts';
import { PagesServer } from '../access/pages/pages-server.ts';
import { PROXY_GROUP, nginxFolder } from '../proxy/folder.ts';
import type { RouterParts } from './parts.ts';

/**
 * Serves the gateway's own pages until the signal aborts.
 *
 * @throws OperatorError `PROXY_TEMPLATE_INVALID`, `PROXY_FOLDER_UNUSABLE`
 */
export async function openPages(
  parts: Pick<RouterParts, 'settings' | 'access' | 'dataPlane' | 'clock' | 'logger'>,
  templates: string,
  signal: AbortSignal,
): Promise<void> {
  const { settings, access, dataPlane, clock, logger } = parts;
  const renderer = makePageRenderer(await readPageTexts(join(templates, 'pages')));
  const place = { path: nginxFolder(settings.folders.nginx).pagesSocket, group: PROXY_GROUP };
  const server = new PagesServer({
    settings,
    ...access,
    revoker: dataPlane,
    renderer,
    clock,
    randomBytes,
    logger,
    place,
  });
  await server.start(signal);
}
