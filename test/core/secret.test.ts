import t from "tap"
import { isPlaceholder, isSecretName, looksSecret } from "../../src/core/secret.ts"
import { processorSeconds } from "../support/effort.ts"

const secretNames =
  "password DB_PASSWORD PGPASSWORD dbPassword apiKey api-key AWS_SECRET_ACCESS_KEY access_token credentials private_key pwd \
SECRET_KEY secretKey DJANGO_SECRET_KEY AWSSecretKey secret-key SECRET_KEY_BASE pass DB_PASS smtpPass dbpass Authorization \
Proxy-Authorization auth basicAuth tokens api_tokens APIToken account_key AccountKey storageAccountKey encryption_key \
encryptionKey signing-key ssh_key SSHKey master_key connection_string ConnectionString SQLCONNSTR conn_str webhook_url \
SLACK_WEBHOOK_URL webhookUrl jwt JWT bearer cookie sessionCookie Set-Cookie X-Api-Key DB_PASSWORD_PROD TOKEN_2 GITHUB_PAT"
const otherNames =
  "passwords_checked max_tokens tokenizer secretary keyboard KEY monkey pwds author token_count \
primary_key key cache_key partitionKey public_key idempotency-key sort_key author_id authority authors pass_through passThrough \
passes bypass first_pass compass num_tokens next_token eos_token use_auth oauth auth_url token_url cookie_name cookiecutter \
secret_name ssh_key_path webhook connection jwt_issuer bearer_name path encryption key_encryption signing_key_id bucket_key"

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
const word = "hunter2x"
const base64 = Buffer.from(`ada:${word}`).toString("base64")
const secrets = [
  "postgresql://app:hunter2@db.example.com/app",
  "https://:hunter2@git.example.com/a.git",
  `-----BEGIN RSA PRIVATE ${key}-----\nMII`,
  ...["ghp_", "glpat-", "pnu_", "xoxb-"].map((start) => start + letters),
  "AKIA".padEnd(20, "B"),
  ["https://hooks.slack.com", "services", "T0", "B0", "x"].join("/"),
  ["https://discord.com/api", "webhooks", "123456", letters].join("/"),
  ["https://acme.webhook.office.com", "webhookb2", letters].join("/"),
  ["https://outlook.office.com", "webhook", letters].join("/"),
  ["hbGciOiJIUzI1NiJ9", "zdWIiOiIxIn0", letters].map((part) => `eyJ${part}`).join("."),
  ...["npm_", "pypi-Ag", "sk_live_", "rk_live_", "dop_v1_", "hvs.", "ya29."].map((start) => start + letters),
  `AIza${letters}${letters}`,
  `SG.${letters}.${letters}`,
  "ASIA".padEnd(20, "B"),
  `AccountName=a;AccountKey=${word}==;EndpointSuffix=core.windows.net`,
  `Server=db;User Id=sa;Password=${word};`,
  `Server=db;Pwd=${word}`,
  `load --password=${word} --fast`,
  `load --token ${word}`,
  `load --api-key "${word} x"`,
  `Bearer ${word}`,
  `Basic ${base64}`,
  `curl -H "Authorization: Bearer ${letters}" https://api.example.com`,
  `curl -H 'X-Api-Key: ${word}' https://api.example.com`,
  `curl -u ada:${word} https://api.example.com`,
  `curl --user "ada:${word}" https://api.example.com`,
  `https://acct.blob.example.com/c?sv=2024&sig=${word}%3D`,
  `https://acct.blob.example.com/c?sig=${word}`,
  `https://api.example.com/?api_key=${word}`,
  `URL=https://api.example.com/?token=${word}`,
  `#!/bin/sh\nexport TOKEN=${word}\nrun`,
  `DB_PASSWORD='${word}' run`,
  `client = Client(token = "${word}")`,
  `{"user": "ada", "password": "${word}"}`,
  `{\\"password\\": \\"${word}\\"}`,
  `user: ada\npassword: ${word}\n`,
  `password : ${word}`,
]
const plain = [
  "postgresql://db.example.com:5432/app",
  "https://ada@git.example.com/a.git",
  "https://x-access-token:{{ $TOKEN }}@git.example.com/a.git",
  "s3://bucket/key",
  "ghp_short",
  "a: b@c",
  "https://ada:$PASSWORD@git.example.com/a.git",
  'curl -H "Authorization: Bearer $TOKEN" -u "ada:${PASSWORD}" https://api.example.com',
  "docker run -u 1000:1000 image",
  "export TOKEN=$(cat /run/token)",
  "export TOKEN=$OTHER PASSWORD={{ $X }} KEY=value",
  "load --password $PASSWORD --token <token> --token-count 5",
  "auth=true",
  "registry.example.com/auth:latest",
  "auth:latest",
  "team:auth",
  "if token == x:",
  "Basic authentication of users, for the bearer of good news",
  "Basic Authentication",
  "a.token.b",
  "SELECT key, author FROM t WHERE primary_key=5",
  "npm_config_registry",
  "Loads what the passes left: the tokens are counted.",
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
  t.ok(isPlaceholder("Bearer {{ prefect.blocks.secret.x }}"))
  t.notOk(isPlaceholder("x{{ a }}"))
})

t.test("a text of anybody's is looked through in no time", async (t) => {
  const parts = [
    "a:{",
    "token=",
    "a ",
    "--a ",
    '"',
    "-u a",
    "://:",
    "Bearer ",
    "Basic A",
    "eyJa",
    "eyJ-",
    "a=",
    " ",
    "\n",
    "a: '",
    "-",
    "[&?",
  ]
  for (const part of parts) {
    const text = part.repeat(200_000 / part.length)
    const seconds = processorSeconds(() => looksSecret(text))
    t.ok(seconds < 10, `${JSON.stringify(part)} takes ${seconds} s`)
  }
})
