// How the CA certificate gets into the trust stores of the usual platforms.

/** @type {[string, string[]][]} */
export const PLATFORMS = [
  ['Windows', [
    'One machine, as administrator: certutil -addstore -f Root sallyport-ca.crt',
    'A domain: Group Policy Management, Computer Configuration, Policies, Windows Settings, Security Settings, Public Key Policies, ' +
      'Trusted Root Certification Authorities, Import.',
  ]],
  ['macOS', [
    'One machine: sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain sallyport-ca.crt',
    'Many: a configuration profile with a root certificate, sent by MDM, which macOS trusts without asking.',
  ]],
  ['iOS', [
    'Open the certificate in Safari, or send it by mail, and allow the profile.',
    'Settings, General, VPN & Device Management: install the profile.',
    'Settings, General, About, Certificate Trust Settings: switch on full trust for it.',
  ]],
  ['Android', [
    'Settings, Security, Encryption & credentials, Install a certificate, CA certificate: choose the file.',
    'Apps that do not trust certificates of the user, which are most since Android 7, still refuse: a managed device with a work ' +
      'profile, or a line in [passthrough], helps.',
  ]],
  ['Debian, Ubuntu', [
    'sudo cp sallyport-ca.crt /usr/local/share/ca-certificates/ && sudo update-ca-certificates',
    'Chromium has a store of its own for each user: certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n sallyport -i sallyport-ca.crt',
  ]],
  ['Fedora, RHEL', ['sudo cp sallyport-ca.crt /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust']],
  ['Firefox', [
    'By policy, everywhere: in policies.json, {"policies": {"Certificates": {"ImportEnterpriseRoots": true}}} on Windows and macOS, ' +
      'or {"policies": {"Certificates": {"Install": ["sallyport-ca.crt"]}}}.',
    'By hand: Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import.',
  ]],
  ['Programs', [
    'Java: keytool -importcert -cacerts -alias sallyport -file sallyport-ca.crt',
    'Node.js: NODE_EXTRA_CA_CERTS=sallyport-ca.crt',
    'Python requests: REQUESTS_CA_BUNDLE, curl: CURL_CA_BUNDLE, Git: http.sslCAInfo; each names a file of all roots to be trusted.',
  ]],
];
