/** What training says: a line an epoch, the line of progress, what there is at the end. */
import type { DataIdentity, EpochEvent, Means, StepEvent } from '#flow';
import type { sparsity } from '#tensor';
import type { Console } from '../console.ts';
import type { Both } from '../language.ts';

/** Which weights are zero: '0.weight 200704 of 401408'. */
export function zerosText(layers: readonly sparsity.ZeroCount[], console: Console): string {
  const lines = layers.map(({ name, zeros, size }) =>
    console.text({ en: `${name} ${zeros} of ${size}`, zh: `${name} ${size} 中的 ${zeros}` }),
  );
  return `${console.text({ en: 'zeros', zh: '零权重' })}: ${lines.join(' · ')}`;
}

const NAMES: Readonly<Record<string, Both>> = {
  loss: { en: 'loss', zh: '损失' },
  accuracy: { en: 'accuracy', zh: '准确率' },
  exact: { en: 'exact rows', zh: '全对行' },
  generator: { en: 'generator', zh: '生成器' },
  discriminator: { en: 'discriminator', zh: '判别器' },
  real: { en: 'real taken for real', zh: '真判为真' },
  made: { en: 'made taken for real', zh: '假判为真' },
  distance: { en: 'distance', zh: '距离' },
  top5: { en: 'top-5', zh: 'Top-5' },
};

const SHARES = new Set(['accuracy', 'top5', 'exact', 'real', 'made']);

/** A metric: shares as percentages, losses with four digits. */
function meanText(name: string, value: number, console: Console): string {
  const label = NAMES[name] === undefined ? name : console.text(NAMES[name]);
  return `${label} ${SHARES.has(name) ? `${(100 * value).toFixed(2)} %` : value.toFixed(4)}`;
}

const meansText = (means: Means, console: Console): string =>
  Object.entries(means)
    .map(([name, value]) => meanText(name, value, console))
    .join(' · ');

export function epochText(event: EpochEvent, console: Console): string {
  const { epoch, epochs, train, validation, seconds, samplesPerSecond, best, stopped } = event;
  const width = `${epochs}`.length;
  const checked =
    validation === undefined ? '' : ` · ${console.text({ en: 'check', zh: '检验' })} ${meansText(validation, console)}`;
  const speed = `${Math.round(samplesPerSecond).toLocaleString('en')} ${console.text({ en: 'samples/s', zh: '样本/秒' })}`;
  const zeros =
    event.sparsity === undefined
      ? ''
      : ` · ${console.text({ en: 'zeros', zh: '零权重' })} ${(100 * event.sparsity).toFixed(1)} %`;
  const end = stopped ? ` · ${console.text({ en: 'no better for a while: stopped', zh: '长时间无改进：停止' })}` : '';
  return `${`${epoch}`.padStart(width)}/${epochs}  ${meansText(train, console)}${checked}${best ? ' *' : ''}${zeros} · ${seconds.toFixed(1)} s · ${speed}${end}`;
}

/** Columns of the bar: with them epoch, batch, loss, speed and time left take less than 80. */
const BAR = 12;

/** What matters most stands first, since a terminal shows as much as it has columns: other metrics than the loss come last. */
export function stepText(event: StepEvent, console: Console): string {
  const { epoch, batch, batches, means, samplesPerSecond, secondsLeft } = event;
  const done = Math.round((BAR * batch) / batches);
  const bar = `${'█'.repeat(done)}${'░'.repeat(BAR - done)}`;
  const { loss, ...others } = means;
  return [
    `${epoch} ${bar} ${batch}/${batches}`,
    meanText('loss', loss!, console),
    `${Math.round(samplesPerSecond)}/s`,
    console.text({ en: `${durationText(secondsLeft)} left`, zh: `还需 ${durationText(secondsLeft)}` }),
    ...Object.entries(others).map(([name, value]) => meanText(name, value, console)),
  ].join(' · ');
}

/** '48 s', '5:02', '1:05:02'. */
function durationText(seconds: number): string {
  const all = Math.ceil(seconds);
  if (all < 60) return `${all} s`;
  const two = (n: number): string => `${n}`.padStart(2, '0');
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  return `${hours === 0 ? minutes : `${hours}:${two(minutes)}`}:${two(all % 60)}`;
}

/** Which epoch's network it is that is judged and saved. */
export function bestText(metric: string, { epoch, value }: { epoch: number; value: number }, console: Console): string {
  const by = meanText(metric, value, console);
  return console.text({
    en: `the network is that of epoch ${epoch}, the best: ${by}`,
    zh: `网络取自最佳的第 ${epoch} 个 epoch：${by}`,
  });
}

/** Data as a checkpoint knows it; the name tells how many samples. */
export const identityText = ({ name, fingerprint }: DataIdentity): Both => ({
  en: `${name.en} (fingerprint ${fingerprint})`,
  zh: `${name.zh}（指纹 ${fingerprint}）`,
});
