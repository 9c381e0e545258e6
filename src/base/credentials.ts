/** What must not be shown of an address: user and password in front of its host. */

/** From the scheme to the last @ of the word, since a password that was not escaped may hold any character; our own pattern of an address is none. */
const CREDENTIALS = /\b([a-z][a-z\d+.-]*:\/\/)(?!USER@HOST)[^\s"'`<>]*@/gi;

/** The text with `***` in the place of whatever stands before the host of an address. */
export const withoutCredentials = (text: string): string => text.replace(CREDENTIALS, '$1***@');
