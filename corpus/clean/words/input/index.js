// A map of the harbour: sourceMappingURL is a word here, and so are password, secret and token.
export const fields = { password: 'Password', secret: 'Secret', apiKey: 'API key', token: 'Token' };
export const help = 'Write password=... or token: <token> and see https://docs.example.com/#password';
export const schema = { password: { type: 'string', minLength: 12 }, api_key: { type: 'string' } };
export const translate = { password_reset: 'Reset your password', secret_key: 'Geheimer Schluessel' };
