/** What one run of all tests wrote in TAP, read for people. */

/** Where each failure is, as `FILE: TEST > TEST: ASSERTION`. */
export function failedTests(tap: string): readonly string[] {
  const failed: string[] = []
  const path: string[] = []
  for (const line of tap.split("\n")) {
    const [, indent = "", kind, name = ""] = /^( *)(# Subtest: |not ok \d+ - )(.*?)(?: # time=\S+)?$/.exec(line) ?? []
    const depth = indent.length / 4
    if (kind === "# Subtest: ") path.splice(depth, Infinity, name)
    else if (kind !== undefined) {
      const [file, ...tests] = [...path.slice(0, depth), name]
      const place = [file, tests.join(" > ")].filter(Boolean).join(": ")
      // A test fails with its assertions, which say more.
      const inside = [`${place}: `, `${place} > `]
      if (!failed.some((one) => inside.some((start) => one.startsWith(start)))) failed.push(place)
    }
  }
  return failed
}

/** Each failed assertion with its diagnostics, without the thousands that passed. */
export function diagnostics(tap: string): string {
  let show = false
  const lines = tap.split("\n").filter((line) => {
    if (/^ *not ok /.test(line)) show = true
    else if (/^ *(ok |# Subtest)/.test(line)) show = false
    return show
  })
  return lines.join("\n")
}

/** The files that took longest, in seconds. */
export function slowestFiles(tap: string, count: number): readonly string[] {
  const times = [...tap.matchAll(/^(?:not )?ok \d+ - (\S+) # time=([\d.]+)ms/gm)]
  return times
    .map(([, file, ms]) => ({ file, seconds: Math.round(Number(ms) / 1_000) }))
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, count)
    .map(({ file, seconds }) => `${String(seconds).padStart(5)} s  ${file}`)
}

/** How many assertions passed and failed. */
export function totals(tap: string): { readonly passed: number; readonly failed: number } {
  const line = tap.split("\n").findLast((one) => one.startsWith("# { total: ")) ?? ""
  const count = (word: string): number => Number(new RegExp(`${word}: (\\d+)`).exec(line)?.[1] ?? 0)
  return { passed: count("pass"), failed: count("fail") }
}
