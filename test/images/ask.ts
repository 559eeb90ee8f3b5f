import { Images, type ImageAnswers } from "../../src/images/images.ts"
import { Secrets } from "../../src/config/secrets.ts"
import type { ImageVerdict } from "../../src/core/image.ts"
import type { RegistryAccess } from "../../src/core/source.ts"
import { systemClock, type Clock } from "../../src/lib/clock.ts"

/** The real thing, asked as a turn asks. */
export interface Asking extends AsyncDisposable {
  ask(images: readonly string[], registries: readonly RegistryAccess[], since?: number): Promise<ImageAnswers>
  verdict(image: string, registries: readonly RegistryAccess[]): Promise<ImageVerdict | undefined>
  /** Results of the looks, in their order. */
  readonly looks: string[]
}

export const password = "pass-word-1"

export function openAsking(options: { readonly clock?: Clock; readonly patienceMs?: number } = {}): Asking {
  const { clock = systemClock, patienceMs = 20_000 } = options
  const looks: string[] = []
  const secrets = new Secrets({ REGISTRY_PASSWORD: password })
  const onRequest = ({ result }: { result: string }): void => void looks.push(result)
  const images = new Images({ secrets, clock, userAgent: "lockstep/test", patienceMs, onRequest })
  const ask: Asking["ask"] = (names, registries, since = Number.NEGATIVE_INFINITY) =>
    images.ask({ images: new Set(names), registries, since }, new AbortController().signal)
  const asking: Asking = {
    ask,
    looks,
    verdict: async (image, registries) => (await ask([image], registries)).verdicts.get(image),
    [Symbol.asyncDispose]: () => images[Symbol.asyncDispose](),
  }
  return asking
}

export function access(host: string, username: string | null = null): RegistryAccess {
  const credentials = username === null ? null : { username, password: passwordRef }
  return { host, credentials, caFile: null }
}

const passwordRef = { kind: "env", name: "REGISTRY_PASSWORD" } as const
