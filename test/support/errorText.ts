/** Errors as goldens hold them: code, place, both texts, and the code frame. */
import { allErrors, codeFrame, placeText, SystoleError } from '#base';

export function errorText(error: SystoleError): string {
  return allErrors(error)
    .map((e) => {
      const frame = codeFrame(e.place, 0);
      const lines = [`${e.code} (${e.kind}) ${placeText(e.place)}`, `en: ${e.text('en')}`, `zh: ${e.text('zh')}`];
      return [...lines, ...(frame === '' ? [] : [frame])].join('\n');
    })
    .join('\n');
}

/** The error that `body` throws, which must be one of ours. */
export function errorOf(body: () => unknown): SystoleError {
  try {
    body();
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The error with which `work` ends, which must be one of ours. */
export async function rejection(work: Promise<unknown>): Promise<SystoleError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SystoleError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
