# SPDX-License-Identifier: Apache-2.0
# For the tests of the OCI runtime in a virtual machine: a bundle, and the runtime by the name that engines use.
mkdir -p "$HOME/bin"
ln -sf "$(command -v coracle)" "$HOME/bin/coracle-oci"
oci() { "$HOME/bin/coracle-oci" --root "$HOME/states" "$@"; }
state() { oci state "$1" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p'; }
# bundle ROOTFS PROGRAM [CGROUPS PATH [RESOURCES]]: $HOME/bundle, whose program is one of sh. It is made into JSON as it is.
bundle() {
  config=$HOME/bundle/config.json
  rm -rf "$HOME/bundle"
  mkdir -p "$HOME/bundle"
  rootless=
  [ "$(id -u)" -eq 0 ] || rootless=--rootless
  oci spec $rootless --bundle "$HOME/bundle"
  sed -i "s|\"rootfs\"|\"$1\"|; s|\"terminal\": true|\"terminal\": false|; s|\"readonly\": true|\"readonly\": false|" "$config"
  sed -i "/\"args\": \[/,/\]/c\"args\": [\"/bin/sh\", \"-c\", \"$2\"]," "$config"
  sed -i "s|\"linux\": {|\"linux\": {\"cgroupsPath\": \"${3-}\",|" "$config"
  if grep -q '"resources": {' "$config"; then
    sed -i "s|\"resources\": {|\"resources\": {${4:+$4,}|" "$config"
  else
    sed -i "s|\"linux\": {|\"linux\": {\"resources\": {${4-}},|" "$config"
  fi
}
