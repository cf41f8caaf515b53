import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  ...tseslint.configs.strict,
  {
    rules: {
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'text nodes only: partners send markup' },
        { property: 'outerHTML', message: 'text nodes only: partners send markup' },
      ],
      'no-console': 'error',
      '@typescript-eslint/no-dynamic-delete': 'off',
    },
  },
);
