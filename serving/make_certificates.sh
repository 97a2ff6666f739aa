#!/usr/bin/env bash
# Certificates for trying out TLS, and the server's ssl.config made of them:
#   serving/make_certificates.sh certificates [NAME ...]
# Writes ca.crt, server.{key,crt}, client.{key,crt} and ssl.config. The server's
# certificate is for localhost, 127.0.0.1 and the NAMEs. All end after 30 days,
# and the authority's key is thrown away: for production use your own authority.
set -euo pipefail
template=$(dirname "$0")/ssl.config
out=${1:?usage: make_certificates.sh FOLDER [NAME ...]}
names=DNS:localhost,IP:127.0.0.1
for name in "${@:2}"; do names+=,DNS:$name; done

umask 077 # Keys are for their owner alone.
mkdir -p "$out"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc)

openssl req -x509 "${key[@]}" -days 30 -subj "/CN=aeai development authority" \
  -keyout "$scratch/ca.key" -out "$out/ca.crt" 2>"$scratch/log" ||
  { cat "$scratch/log" >&2; exit 1; }

sign() { # NAME USAGE SUBJECT_ALTERNATIVE_NAMES
  openssl req -x509 "${key[@]}" -days 30 -subj "/CN=$1" \
    -CA "$out/ca.crt" -CAkey "$scratch/ca.key" \
    -addext basicConstraints=critical,CA:FALSE \
    -addext "extendedKeyUsage=$2" -addext "subjectAltName=$3" \
    -keyout "$out/$1.key" -out "$out/$1.crt" 2>"$scratch/log" ||
    { cat "$scratch/log" >&2; exit 1; }
}
sign server serverAuth "$names"
sign client clientAuth DNS:client

# "{file}" becomes the file's lines, quoted: adjacent strings are one.
while IFS= read -r line; do
  if [[ $line =~ ^([a-z_]+):\ \"\{(.+)\}\"$ ]]; then
    echo "${BASH_REMATCH[1]}:"
    sed 's/.*/  "&\\n"/' "$out/${BASH_REMATCH[2]}"
  else
    echo "$line"
  fi
done <"$template" | sed '/^#/d' >"$out/ssl.config"
