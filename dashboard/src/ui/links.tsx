import { Anchor, Button, type AnchorProps, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes } from "react";

type Html = AnchorHTMLAttributes<HTMLAnchorElement> & { ref?: React.Ref<HTMLAnchorElement> };

/** A link in text to a page of the dashboard. */
export const TextLink = createLink((props: AnchorProps & Omit<Html, keyof AnchorProps>) => (
  <Anchor {...props} />
));

/** A button that leads to a page of the dashboard. */
export const ButtonLink = createLink((props: ButtonProps & Omit<Html, keyof ButtonProps>) => (
  <Button component="a" {...props} />
));
