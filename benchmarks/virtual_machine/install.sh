# Within the system's folder: what docs/operation.md and the heads of configs/systemd say, and the test's own unit.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels

id hearth >/dev/null 2>&1 || useradd --system --home-dir /var/lib/hearth --groups dialout,bluetooth hearth
id hearth-hub >/dev/null 2>&1 || useradd --system --home-dir /var/lib/hearth-hub hearth-hub
python3 -m venv /opt/hearth && /opt/hearth/bin/pip install -q 'hearth-ecg[edge]'
python3 -m venv /opt/hearth-hub && /opt/hearth-hub/bin/pip install -q 'hearth-ecg[hub]'

# the household's own authority, and the broker's certificate
mkdir -p /etc/hearth /etc/hearth-hub
cd /etc/hearth
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=household -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout broker.key -out broker.csr 2>/dev/null
echo 'subjectAltName = DNS:localhost' >broker.ext
openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile broker.ext \
    -out broker.pem 2>/dev/null
rm ca.key broker.csr broker.ext
chown mosquitto broker.key

# a password each, for broker and owner
rm -f /etc/mosquitto/hearth.passwd
for name in hub strap-1; do
    password=$(openssl rand -base64 24)
    touch /etc/mosquitto/hearth.passwd
    mosquitto_passwd -b /etc/mosquitto/hearth.passwd $name "$password"
    echo "$password" >/etc/hearth/$name.password
done
mv hub.password /etc/hearth-hub/
chown mosquitto /etc/mosquitto/hearth.passwd
cp /opt/configs/mosquitto.conf /etc/mosquitto/conf.d/hearth.conf
cp /opt/configs/mosquitto.acl /etc/mosquitto/hearth.acl
# Debian's own file has these two already, and mosquitto takes no second ones
sed -i '/^persistence/d' /etc/mosquitto/conf.d/hearth.conf

cat >edge.toml <<'CONFIG'
[device]
uri = "ble://Polar H10 00000001?device=polar_h10"
device_id = "strap-1"
patient_id = "patient-1"
[storage]
folder = "/var/lib/hearth/edge"
[model]
language_model = "none"
[mqtt]
host = "localhost"
port = 8883
password_file = "strap-1.password"
tls_ca_file = "ca.pem"
CONFIG
cat >/etc/hearth-hub/hub.toml <<'CONFIG'
[hub]
database = "/var/lib/hearth-hub/hub.db"
[mqtt]
mode = "external"
host = "localhost"
port = 8883
password_file = "hub.password"
tls_ca_file = "/etc/hearth/ca.pem"
[[patients]]
id = "patient-1"
name = "Patient 1"
[[devices]]
id = "strap-1"
patient = "patient-1"
CONFIG
# a password is for its owner alone
chown hearth edge.toml strap-1.password && chmod 600 strap-1.password
chown hearth-hub /etc/hearth-hub/hub.toml /etc/hearth-hub/hub.password && chmod 600 /etc/hearth-hub/hub.password

cp /opt/configs/systemd/*.service /etc/systemd/system/
cat >/etc/systemd/system/strap.service <<'UNIT'
[Unit]
RequiresMountsFor=/test
[Service]
ExecStart=/opt/hearth/bin/hearth devices virtual-h10 --record /test/signal.csv --listen vhci
StandardOutput=append:/test/strap.log
StandardError=append:/test/strap.log
UNIT
cat >/etc/systemd/system/services-test.service <<'UNIT'
[Unit]
RequiresMountsFor=/test
[Service]
ExecStart=/opt/services.sh
[Install]
WantedBy=multi-user.target
UNIT
echo '/dev/ubdb /test ext4 defaults 0 0' >/etc/fstab
echo hearth-test >/etc/hostname
echo '127.0.0.1 localhost' >/etc/hosts
systemctl enable -q hearth-edge hearth-hub mosquitto bluetooth services-test 2>/dev/null
systemctl mask -q getty@tty1.service console-getty.service serial-getty@tty0.service systemd-timesyncd.service 2>/dev/null
systemctl set-default -q multi-user.target
