/**
 * Ctrl-C: ends the command at once, unless it has work to bring to a good end first (training saves). A second Ctrl-C ends it all the
 * same.
 */
let claimed: (() => void) | undefined;

/** From here on an interruption calls `f` in the place of ending; gives back a function that undoes it. */
export function onInterrupt(f: () => void): () => void {
  claimed = f;
  return () => {
    claimed = undefined;
  };
}

/** What a signal does: true where somebody takes care of it. */
export function interrupted(): boolean {
  const handler = claimed;
  claimed = undefined;
  handler?.();
  return handler !== undefined;
}
