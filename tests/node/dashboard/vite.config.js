// The development server passes on what is Countersign's, and so does the preview of the built page.
const target = process.env.COUNTERSIGN_TARGET;
const proxy = target && {
  "/graphql": { target, ws: true },
  "/sign-in": { target },
  "/sign-out": { target },
};

export default { server: { proxy }, preview: { proxy }, clearScreen: false, cacheDir: process.env.VITE_CACHE };
