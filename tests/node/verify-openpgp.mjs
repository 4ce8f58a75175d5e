// Says whether openpgp.js accepts a detached signature: verify-openpgp.mjs CERTIFICATE SIGNATURE CONTENT
import { readFileSync } from "node:fs";
import { createMessage, readKey, readSignature, verify } from "openpgp";

const [certificate, signature, content] = process.argv.slice(2).map((path) => readFileSync(path));
const { signatures } = await verify({
  message: await createMessage({ binary: new Uint8Array(content) }),
  signature: await readSignature({ armoredSignature: signature.toString() }),
  verificationKeys: await readKey({ armoredKey: certificate.toString() }),
});
const accepted = await signatures[0].verified.then(() => true, () => false);
process.stdout.write(String(accepted));
