# The last hook of mmdebstrap: $1 is the new root, MEMHP_GUEST the guest's name. Not a file of its own to the hook
# (its text is passed), because in unshare mode the hook may not read the user's home.
set -eu
root=$1
echo "$MEMHP_GUEST" > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$MEMHP_GUEST" > "$root/etc/hosts"
rm -f "$root/etc/resolv.conf" "$root"/etc/ssh/ssh_host_*
# Empty, not absent: "absent" makes systemd take the next boot for the first one and preset every unit.
: > "$root/etc/machine-id"
chroot "$root" systemctl enable memhp-seed.service
# Nothing may wake up during a case. udev and the rest of systemd stay as shipped.
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service fstrim.timer logrotate.timer man-db.timer sshd-keygen.service
chroot "$root" update-initramfs -c -k all
