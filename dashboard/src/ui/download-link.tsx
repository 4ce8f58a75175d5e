import { Anchor } from "@mantine/core";

/** A link that saves a text, or bytes in base64, that the page has already. */
export function DownloadLink({
  file,
  text,
  base64,
  children,
}: {
  file: string;
  text?: string;
  base64?: string;
  children: string;
}) {
  const content =
    base64 === undefined ? `charset=utf-8,${encodeURIComponent(text ?? "")}` : `base64,${base64}`;
  return (
    <Anchor href={`data:application/octet-stream;${content}`} download={file} title={file}>
      {children}
    </Anchor>
  );
}
