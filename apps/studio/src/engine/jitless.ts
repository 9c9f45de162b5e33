/** @file zod must not look for `eval`, which the page's policy forbids: the attempt alone is reported. Imported before any schema. */
import { config } from "zod";

config({ jitless: true });
