import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import fc from "fast-check"
import t from "tap"
import { Secrets } from "../../src/config/secrets.ts"
import { processorSeconds } from "../support/effort.ts"

const folder = await mkdtemp(join(tmpdir(), "lockstep-secrets-"))
t.teardown(() => rm(folder, { recursive: true }))

async function file(name: string, content: string): Promise<{ kind: "file"; path: string }> {
  const path = join(folder, name)
  await writeFile(path, content)
  return { kind: "file", path }
}

await t.test("a file's value is read anew each time, without the line end that editors put there", async (t) => {
  const secrets = new Secrets({})
  const table: [string, string][] = [
    ["one\n", "one"],
    ["two\r\n", "two"],
    ["three", "three"],
    ["four\n\n", "four\n"],
    [" five ", " five "],
  ]
  for (const [content, value] of table)
    t.equal((await secrets.read(await file("rotated", content))).reveal(), value, JSON.stringify(content))
})

await t.test("a secret that isn't there is named, with no value", async (t) => {
  const secrets = new Secrets({ EMPTY: "" })
  const large = await file("large", "x".repeat(64 * 1024 + 1))

  await t.rejects(secrets.read({ kind: "env", name: "EMPTY" }), {
    code: "secret-missing",
    message: "the environment variable EMPTY, which the config refers to, is not set",
  })
  await t.rejects(secrets.read({ kind: "env", name: "toString" }), { message: /toString/ })
  await t.rejects(secrets.read(await file("empty", "\n")), { code: "secret-missing", message: /empty is empty/ })
  await t.rejects(secrets.read({ kind: "file", path: join(folder, "none") }), { message: /none can't be read: ENOENT/ })
  await t.rejects(secrets.read({ kind: "file", path: folder }), { message: /can't be read: EISDIR/ })
  await t.rejects(secrets.read(large), { message: /large is larger than 65536 bytes/ })
  t.equal((await secrets.read(await file("full", "x".repeat(64 * 1024)))).reveal().length, 64 * 1024)
})

await t.test("every form in which a secret was read is masked, and the rotated one too", async (t) => {
  const value = 'pä$$w(o)rd+/"1\\\n2'
  const secrets = new Secrets({ A: value, B: "hunter2!" })
  await secrets.read({ kind: "env", name: "A" })
  await secrets.read({ kind: "env", name: "B" })
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const table: [string, string][] = [
    ["as it is", `before ${value} after`],
    ["in JSON", JSON.stringify({ value })],
    ["in a URL", `https://a/?key=${encodeURIComponent(value)}`],
    ["in base64", base64(value)],
    ["in base64 after a user", `Basic ${base64(`me:${value}`)}`],
    ["in base64 after another user", `Basic ${base64(`user:${value}:x`)}`],
    ["in base64 after a third user", `Basic ${base64(`us:${value}`)}`],
    ["in base64url", Buffer.from(`me:${value}`).toString("base64url")],
    ["in a URL, escaped in small letters", `?key=${encodeURIComponent(value).toLowerCase()}`],
    ["in a form", new URLSearchParams({ key: `${value} x` }).toString()],
    ["twice", `${value}${value}`],
  ]
  for (const [name, text] of table) {
    const masked = secrets.mask(text)
    t.match(masked, "[secret]", name)
    t.notMatch(masked, value, name)
    t.notMatch(masked, base64(value).slice(2, 16), name)
  }
  t.equal(secrets.mask("hunter2! hunter2"), "[secret] hunter2")
})

await t.test("the beginning of a secret at a cut is masked, wherever the text was cut", async (t) => {
  const secrets = new Secrets({ A: "correct-horse-battery-staple" })
  await secrets.read({ kind: "env", name: "A" })
  const base64 = Buffer.from("correct-horse-battery-staple").toString("base64")
  const table: [string, string][] = [
    ["it got correct-horse-bat", "it got [secret]"],
    ["it got correct-horse-bat…", "it got [secret]…"],
    ["it got correct-ho... (more)", "it got [secret]... (more)"],
    ["correct-ho… and correct-horse-battery…", "[secret]… and [secret]…"],
    [`Basic ${base64.slice(0, 20)}`, "Basic [secret]"],
    ["correct", "correct"],
    ["a correct-horse of another kind", "a correct-horse of another kind"],
  ]
  for (const [cut, shown] of table) t.equal(secrets.mask(cut), shown, cut)
})

await t.test("values shorter than four characters stay, and texts without secrets stay as they are", async (t) => {
  const secrets = new Secrets({ SHORT: "dev", LONGER: "prod" })
  t.equal(secrets.mask("dev and prod"), "dev and prod", "nothing read yet")
  await secrets.read({ kind: "env", name: "SHORT" })
  await secrets.read({ kind: "env", name: "LONGER" })
  t.equal(secrets.mask("dev and prod"), "dev and [secret]")
})

await t.test("no printed form of a secret shows it", async (t) => {
  const secret = await new Secrets({ A: "hunter2!" }).read({ kind: "env", name: "A" })
  for (const text of [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ secret }, { depth: 9 })])
    t.notMatch(text, "hunter2!")
})

await t.test("no text holds a secret after masking, whatever both are", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 4, maxLength: 30, unit: "binary" }).filter((value) => !"[secret]".includes(value)),
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }),
      async (value, before, after) => {
        const secrets = new Secrets({ A: value })
        await secrets.read({ kind: "env", name: "A" })
        const masked = secrets.mask(before + value + after)
        return masked.includes("[secret]") && !masked.replaceAll("[secret]", "\u0001\u0002").includes(value)
      },
    ),
    { numRuns: 300 },
  )
})

await t.test("what is remembered for masking is bounded", async (t) => {
  const environment = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`N${i}`, `value-number-${i}-end`]))
  const secrets = new Secrets(environment)
  for (const name of Object.keys(environment)) await secrets.read({ kind: "env", name })
  t.equal(secrets.mask("value-number-0-end value-number-1000-end"), "value-number-0-end [secret]")
})

await t.test("large secrets, and very many, are masked all the same, and in no time", async (t) => {
  const large = await file("large", Array.from({ length: 900 }, (_, i) => `line ${i} ${"x".repeat(60)}`).join("\n"))
  const environment = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`N${i}`, `value-number-${i}-end`]))
  const secrets = new Secrets(environment)
  const value = (await secrets.read(large)).reveal()
  for (const name of Object.keys(environment)) await secrets.read({ kind: "env", name })

  t.equal(secrets.mask(`a ${value} b`), "a [secret] b")
  const line = "an ordinary line of the log, ".repeat(20)
  const seconds = processorSeconds(() => {
    for (let i = 0; i < 20; i++) secrets.mask(line)
  })
  t.ok(seconds < 10, `${seconds} s`)
})

await t.test("a secret that is a part of the mask itself changes nothing", async (t) => {
  const secrets = new Secrets({ A: "secret", B: "hunter2!" })
  await secrets.read({ kind: "env", name: "A" })
  await secrets.read({ kind: "env", name: "B" })
  t.equal(secrets.mask("hunter2! is a secret"), "[secret] is a [secret]")
})
