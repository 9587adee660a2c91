// How the CA certificate gets into the trust stores of the usual platforms.

/** @typedef {string | { say: string, run: string }} Step what to do; perhaps by a command */

/** @type {[string, Step[]][]} */
export const PLATFORMS = [
  ['Windows', [
    { say: 'One machine, as administrator:', run: 'certutil -addstore -f Root sallyport-ca.crt' },
    'A domain: Group Policy Management, Computer Configuration, Policies, Windows Settings, Security Settings, Public Key Policies, ' +
      'Trusted Root Certification Authorities, Import.',
  ]],
  ['macOS', [
    { say: 'One machine:', run: 'sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain sallyport-ca.crt' },
    'Many: a configuration profile with a root certificate, sent by MDM, which macOS trusts without asking.',
  ]],
  ['iOS', [
    'Open the certificate in Safari, or send it by mail, and allow the profile.',
    'Settings, General, VPN & Device Management: install the profile.',
    'Settings, General, About, Certificate Trust Settings: switch on full trust for it.',
  ]],
  ['Android', [
    'Settings, Security, Encryption & credentials, Install a certificate, CA certificate: choose the file.',
    'Most apps since Android 7 do not trust what the user has installed. A managed device with a work profile helps, or a line in ' +
      '[passthrough].',
  ]],
  ['Debian, Ubuntu', [
    { say: 'Put it among the local certificates:', run: 'sudo cp sallyport-ca.crt /usr/local/share/ca-certificates/' },
    { say: 'Make the store anew:', run: 'sudo update-ca-certificates' },
    { say: 'Chromium has a store of its own for each user:', run: 'certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n sallyport -i sallyport-ca.crt' },
  ]],
  ['Fedora, RHEL', [
    { say: 'Put it among the anchors:', run: 'sudo cp sallyport-ca.crt /etc/pki/ca-trust/source/anchors/' },
    { say: 'Make the store anew:', run: 'sudo update-ca-trust' },
  ]],
  ['Firefox', [
    { say: 'On Windows and macOS it takes the system\'s roots, by policies.json:',
      run: '{"policies": {"Certificates": {"ImportEnterpriseRoots": true}}}' },
    { say: 'Elsewhere a policy installs the file:', run: '{"policies": {"Certificates": {"Install": ["sallyport-ca.crt"]}}}' },
    'By hand: Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import.',
  ]],
  ['Programs', [
    { say: 'Java:', run: 'keytool -importcert -cacerts -alias sallyport -file sallyport-ca.crt' },
    { say: 'Node.js:', run: 'export NODE_EXTRA_CA_CERTS=/path/to/sallyport-ca.crt' },
    { say: 'Python\'s requests, with a file of all roots to be trusted:', run: 'export REQUESTS_CA_BUNDLE=/path/to/roots.pem' },
    { say: 'Git, the same:', run: 'git config --global http.sslCAInfo /path/to/roots.pem' },
  ]],
];
