#!/bin/sh
# Makes the certificates of this folder anew; they are fixed, so that no test depends on the day it runs.
# All are valid from 2020 to 2126 but `expired.pem`, which was valid on one day of 2020. Needs OpenSSL 3.
set -eu
cd "$(dirname "$0")"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }
sign() { # NAME SUBJECT EXTENSIONS FROM TO SIGNER; an authority signs itself
    openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    printf '%s\n' "$3" > extensions
    : > index.txt; : > index.txt.attr; echo "$serial" > serial; serial=$((serial + 1))
    self=; [ "$1" = "$6" ] && self=-selfsign
    openssl ca -batch -notext -config ca.conf $self -cert "$6.pem" -keyfile "$6.key" -in "$1.csr" -out "$1.pem" \
        -extfile extensions -startdate "$4" -enddate "$5" 2> /dev/null
}
serial=10
cat > ca.conf <<'END'
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
END
from=20200101000000Z
later=21260101000000Z
for name in ca other-ca; do
    key "$name.key"
    sign "$name" "retort test $name" 'basicConstraints = critical, CA:TRUE' "$from" "$later" "$name"
done
names='subjectAltName = DNS:llm.invalid, DNS:localhost, IP:127.0.0.1
basicConstraints = CA:FALSE'
for name in server expired client; do key "$name.key"; done
sign server llm.invalid "$names" "$from" "$later" ca
sign expired llm.invalid "$names" 20200101000000Z 20200102000000Z ca
sign client retort-test-client 'basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth' "$from" "$later" ca
cat client.pem client.key > client-with-key.pem
openssl pkcs8 -topk8 -in client.key -passout pass:test -out client-encrypted.key
openssl x509 -in ca.pem -outform der -out ca.der
rm -f ./*.csr extensions index.txt* serial serial.old ca.conf [0-9]*.pem ca.key other-ca.key
