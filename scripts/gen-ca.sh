#!/usr/bin/env bash
# Makes a CA with the openssl command line: the same root that `sallyport ca init` makes, for machines where
# sallyport is not installed. Usage: gen-ca.sh [-k p256|p384|rsa-4096] [-n NAME] [-y YEARS] [FOLDER]
# Writes FOLDER/ca.key (0600) and FOLDER/ca.crt; FOLDER is the current one if not given. Overwrites nothing.
set -euo pipefail

die() {
  echo "gen-ca.sh: $1" >&2
  exit "${2:-1}"
}

kind=p256
name=
years=10
while getopts 'k:n:y:h' option; do
  case $option in
    k) kind=$OPTARG ;;
    n) name=$OPTARG ;;
    y) years=$OPTARG ;;
    h) sed -n '2,4s/^# //p' "$0"; exit 0 ;;
    *) die 'see gen-ca.sh -h' 64 ;;
  esac
done
shift $((OPTIND - 1))
folder=${1:-.}

case $kind in
  p256) key_options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256) ;;
  p384) key_options=(-algorithm EC -pkeyopt ec_paramgen_curve:P-384) ;;
  rsa-4096) key_options=(-algorithm RSA -pkeyopt rsa_keygen_bits:4096) ;;
  *) die "no kind of CA key is called '$kind'; there are p256, p384 and rsa-4096" 64 ;;
esac
[[ $years =~ ^([1-9]|[12][0-9]|30)$ ]] || die 'a CA can be made for 1 to 30 years' 64
[ -d "$folder" ] || die "$folder is not a folder"
for path in "$folder/ca.key" "$folder/ca.crt"; do
  if [ -e "$path" ] || [ -L "$path" ]; then die "$path exists already; it is left as it is and no CA is made"; fi
done

umask 077
work=$(mktemp -d "$folder/.gen-ca.XXXXXX")
trap 'rm -rf "$work"' EXIT

# 128 random bits; the first byte is never zero, and its highest bit is clear so that the number is positive.
serial=$(printf '%02x' $((RANDOM % 127 + 1)))$(openssl rand -hex 15)
subject=${name:-sallyport CA $(hostname | head -c 32) ${serial:0:8}}
[ "${#subject}" -le 64 ] || die "a CA's name has at most 64 bytes (RFC 5280)" 64
subject=${subject//\\/\\\\}
subject=${subject//\//\\/}
cat >"$work/ca.cnf" <<'CONFIGURATION'
[req]
distinguished_name = name
[name]
[ca]
default_ca = root
[root]
database = $ENV::WORK/index
serial = $ENV::WORK/serial
new_certs_dir = $ENV::WORK
default_md = sha256
policy = any
x509_extensions = extensions
unique_subject = no
[any]
commonName = supplied
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:1
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONFIGURATION
: >"$work/index"
echo "$serial" >"$work/serial"
export WORK=$work

openssl genpkey "${key_options[@]}" -out "$work/ca.key" 2>"$work/log" || die "$(cat "$work/log")"
openssl req -new -utf8 -key "$work/ca.key" -config "$work/ca.cnf" -subj "/CN=$subject" -out "$work/request" \
  2>"$work/log" || die "$(cat "$work/log")"
# `openssl ca` rather than `openssl req -x509`: it can start the validity in the past, so that clients with a slow
# clock accept the CA at once.
openssl ca -selfsign -batch -notext -utf8 -config "$work/ca.cnf" -keyfile "$work/ca.key" -in "$work/request" \
  -startdate "$(date -u -d '48 hours ago' +%Y%m%d%H%M%SZ)" \
  -enddate "$(date -u -d "$((years * 365)) days" +%Y%m%d%H%M%SZ)" \
  -out "$work/ca.crt" 2>"$work/log" || die "$(cat "$work/log")"
chmod 0644 "$work/ca.crt"
sync "$work/ca.key" "$work/ca.crt"

# ln refuses where the name is taken, and a file appears complete or not at all.
ln "$work/ca.key" "$folder/ca.key"
ln "$work/ca.crt" "$folder/ca.crt" || { rm -f "$folder/ca.key"; exit 1; }
sync "$folder"
openssl x509 -in "$folder/ca.crt" -noout -subject -enddate -fingerprint -sha256
