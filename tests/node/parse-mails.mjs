// Reads mails, base64 in a JSON array in a file, and prints what postal-mime makes of each.
import { readFileSync } from "node:fs";
import PostalMime from "postal-mime";

const mails = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const parsed = [];
for (const mail of mails) {
  const read = await PostalMime.parse(Buffer.from(mail, "base64"));
  parsed.push({
    headers: read.headers.map((header) => header.key),
    to: read.to?.map((one) => one.address),
    from: read.from?.address,
    subject: read.subject,
    text: read.text,
    html: read.html,
    attachments: read.attachments.map((one) => one.mimeType),
  });
}
console.log(JSON.stringify(parsed));
