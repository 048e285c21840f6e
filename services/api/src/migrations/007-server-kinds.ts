/** How releases get to a server: by the executor of its kind. */
export const serverKinds = "alter table servers add column kind text not null default 'local';";
