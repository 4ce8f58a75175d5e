/** How long nothing more is typed before the server is asked. */
export const TYPING_MILLISECONDS = 250;
