import t from "tap"
import { isPlaceholder, isSecretName, looksSecret } from "../../src/core/secret.ts"

const secretNames =
  "password DB_PASSWORD PGPASSWORD dbPassword apiKey api-key AWS_SECRET_ACCESS_KEY access_token credentials private_key pwd"
const otherNames = "passwords_checked max_tokens tokenizer secretary keyboard KEY monkey pwds author token_count"

t.test("names say whether their value is a secret", async (t) => {
  t.strictSame(
    secretNames.split(" ").filter((name) => !isSecretName(name)),
    [],
  )
  t.strictSame(
    otherNames.split(" ").filter((name) => isSecretName(name)),
    [],
  )
})

// Made of parts, so that no tool takes this file for one that leaks.
const letters = "a1".repeat(12)
const key = "KEY"
const secrets = [
  "postgresql://app:hunter2@db.example.com/app",
  "https://:hunter2@git.example.com/a.git",
  `-----BEGIN RSA PRIVATE ${key}-----\nMII`,
  ...["ghp_", "glpat-", "pnu_", "xoxb-"].map((start) => start + letters),
  "AKIA".padEnd(20, "B"),
  ["https://hooks.slack.com", "services", "T0", "B0", "x"].join("/"),
]
const plain = [
  "postgresql://db.example.com:5432/app",
  "https://ada@git.example.com/a.git",
  "https://x-access-token:{{ $TOKEN }}@git.example.com/a.git",
  "s3://bucket/key",
  "ghp_short",
  "a: b@c",
]

t.test("some texts can be nothing but a secret", async (t) => {
  t.strictSame(
    secrets.filter((text) => !looksSecret(text)),
    [],
  )
  t.strictSame(
    plain.filter((text) => looksSecret(text)),
    [],
  )
})

t.test("a lone placeholder is no secret, whatever its name", async (t) => {
  t.ok(isPlaceholder(" {{ prefect.blocks.secret.x }} "))
  t.notOk(isPlaceholder("x{{ a }}"))
})
