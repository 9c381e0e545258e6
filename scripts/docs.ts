/**
 * Writes the reference pages under docs/ from what the code declares, and the site of the course by running it: `npm run docs`; with
 * `-- --reference` only the former, which are committed. `test/docs.test.ts` holds that the
 * committed pages are what this makes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { declaredDiagnostics } from '#base';
import { advicePage } from '#flow';
import { isaPage } from '#isa';
import { type ProcessorSupport, processorSupport } from '#lower';
import { machineJsonSchema } from '#machine';
import { type Operator, operatorsPage } from '#ops';
import { countingPage, reportPage } from '#report';
import { controlPage, decodeDot, decodeSvg } from '#timing';
import { errorsPage } from './errorsPage.ts';
import { explorePages } from './explorePage.ts';
import { jsonPages } from './jsonPage.ts';
import { machinePages } from './machinePage.ts';
import { countedNetworks, modelsPage } from './modelsPage.ts';

/** Text of each page by its path in the repository. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  await loadDiagnostics();
  return new Map([
    ['docs/ops.md', operatorsPage(processorText)],
    ['docs/isa.md', isaPage()],
    ['docs/control.md', controlPage()],
    ['docs/control.svg', decodeSvg()],
    ['docs/control.dot', decodeDot()],
    ['docs/errors.md', errorsPage([...declaredDiagnostics().values()])],
    ['docs/models.md', await modelsPage()],
    ['docs/counting.md', countingPage(await countedNetworks(['alexnet', 'vgg19', 'resnet152']))],
    ['docs/report.md', reportPage()],
    ['docs/advice.md', advicePage(adviceExample())],
    ...explorePages(),
    ...machinePages(),
    ...(await jsonPages()),
    ['docs/machine-schema.json', `${JSON.stringify(machineJsonSchema(), null, 2)}\n`],
  ]);
}

/** What `test/cli/advise.full.test.ts` ran: the command, and what it printed. */
function adviceExample(): Parameters<typeof advicePage>[0] {
  const golden = readFileSync(new URL('../test/goldens/advice/mobilenet-v2.txt', import.meta.url), 'utf8');
  const [first = '', ...lines] = golden.split('\n');
  return { command: first.replace(/^# /, ''), text: lines.join('\n') };
}

const BY: Readonly<Record<ProcessorSupport['by'], string>> = {
  kernel: 'by a kernel',
  expansion: 'written out in other operators',
  view: 'a view',
  host: 'none, on the host',
};

/** What the processor does of an operator. */
function processorText(op: Operator): string {
  const { by, types } = processorSupport(op);
  return `Processor: ${BY[by]}${types.length === 0 ? '' : `; ${types.join(', ')}`}.`;
}

/** Runs every module that declares a diagnostic: not all stand behind a front door. */
async function loadDiagnostics(): Promise<void> {
  const sources = new URL('../src/', import.meta.url);
  for (const path of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
    const url = new URL(path.replaceAll('\\', '/'), sources);
    if (/\bdiagnostic[<(]/.test(readFileSync(url, 'utf8'))) await import(/* @vite-ignore */ url.href);
  }
}

if (import.meta.main) {
  for (const [path, text] of await pages()) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text);
    process.stdout.write(`${path}\n`);
  }
  if (!process.argv.includes('--reference')) {
    const { buildSite, SITE_FOLDER } = await import('./site/build.ts');
    const pagesOfSite = await buildSite(SITE_FOLDER, {
      onRun: (id) => process.stdout.write(`docs/course: running exercise ${id}\n`),
    });
    process.stdout.write(`docs/course/index.html (${pagesOfSite.length} pages)\n`);
  }
}
