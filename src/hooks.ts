import type { Config } from "./config/config.ts"
import { isPushTo, type Push } from "./core/awaited.ts"
import type { SourceName } from "./core/model.ts"
import { sameRepository } from "./core/repository-url.ts"
import type { Receiver } from "./core/source.ts"

/** What answers at `/hooks/NAME`: a source's own receiver, or one of the config's for a whole organisation. */
export function receiverOf({ sources, receivers }: Config, name: string): Receiver | null {
  return sources.find((source) => source.name === name)?.receiver ?? receivers.find((one) => one.name === name) ?? null
}

/**
 * The sources that a delivery at `/hooks/NAME` is for: a source's own hook reaches every source of its repository,
 * whatever the payload says; an organisation's those of the repositories that the payload names.
 */
export function sourcesOf({ sources }: Config, name: string, repositories: readonly string[]): readonly SourceName[] {
  const own = sources.find((source) => source.name === name)
  const named = own ? [own.remote.url] : repositories
  return sources
    .filter(({ remote }) => named.some((url) => sameRepository(url, remote.url)))
    .map((source) => source.name)
}

/** Those of a delivery's pushes that move what the source follows. */
export function pushesTo({ sources }: Config, name: SourceName, pushes: readonly Push[]): readonly Push[] {
  const source = sources.find((one) => one.name === name)
  return source ? pushes.filter((push) => isPushTo(source.ref, push)) : []
}
