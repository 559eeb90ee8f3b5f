import { HttpError } from "../../../src/lib/http/failures.ts"
import { Http } from "../../../src/lib/http/http.ts"

/** One GET of each URL, told as status or as the kind of failure; run by itself for what a process reads at its start. */
export async function fetchAll(
  urls: readonly string[],
  around: { readonly caFile: string | null; readonly environment?: Record<string, string>; readonly reach?: "public" },
): Promise<readonly (number | string)[]> {
  const limits = { idleMs: 5_000, requestMs: 10_000, connectMs: 5_000, keepAliveMs: 1_000, connectionsPerHost: 2 }
  await using http = new Http(limits, around.environment ?? {})
  const results: (number | string)[] = []
  for (const url of urls) {
    const request = {
      method: "GET",
      url: new URL(url),
      headers: {},
      caFile: around.caFile,
      reach: around.reach ?? "any",
      isRepeatable: true,
      bytesMax: () => 1_000,
    } as const
    const answer = http.request(request, new AbortController().signal).then(({ status }) => status)
    results.push(
      await answer.catch((error: unknown) => (error instanceof HttpError ? error.failure.kind : String(error))),
    )
  }
  return results
}

if (import.meta.main) {
  const [caFile = "", ...urls] = process.argv.slice(2)
  console.log(JSON.stringify(await fetchAll(urls, { caFile: caFile === "" ? null : caFile })))
}
