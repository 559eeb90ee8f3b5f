import type { Listener, LockstepEvent } from "./events.ts"

type Handlers = {
  readonly [K in LockstepEvent["kind"]]?: (event: Extract<LockstepEvent, { readonly kind: K }>) => void
}

/** One listener out of a function for each kind of event that matters to it. */
export function listener(handlers: Handlers): Listener {
  return (event) => {
    // The table's type pairs each kind with its event; the compiler can't follow that through one look-up.
    const handle = handlers[event.kind] as Listener | undefined
    handle?.(event)
  }
}
