// SPDX-License-Identifier: Apache-2.0
// The setup function of every command; each is defined in a file of its own.
#pragma once

namespace coracle::cli {

class Command;

// container
void setup_attach(Command& command);
void setup_commit(Command& command);
void setup_complete(Command& command);
void setup_completion(Command& command);
void setup_container_diff(Command& command);
void setup_container_exists(Command& command);
void setup_container_inspect(Command& command);
void setup_container_prune(Command& command);
void setup_cp(Command& command);
void setup_create(Command& command);
void setup_diff(Command& command);
void setup_exec(Command& command);
void setup_export(Command& command);
void setup_help(Command& command);
void setup_history(Command& command);
void setup_image_diff(Command& command);
void setup_image_exists(Command& command);
void setup_image_inspect(Command& command);
void setup_image_mount(Command& command);
void setup_image_prune(Command& command);
void setup_image_tree(Command& command);
void setup_image_trust_set(Command& command);
void setup_image_trust_show(Command& command);
void setup_image_unmount(Command& command);
void setup_images(Command& command);
void setup_import(Command& command);
void setup_info(Command& command);
void setup_inspect(Command& command);
void setup_kill(Command& command);
void setup_load(Command& command);
void setup_login(Command& command);
void setup_logout(Command& command);
void setup_logs(Command& command);
void setup_manifest_add(Command& command);
void setup_manifest_annotate(Command& command);
void setup_manifest_create(Command& command);
void setup_manifest_exists(Command& command);
void setup_manifest_inspect(Command& command);
void setup_manifest_push(Command& command);
void setup_manifest_remove(Command& command);
void setup_manifest_rm(Command& command);
void setup_network_connect(Command& command);
void setup_network_create(Command& command);
void setup_network_disconnect(Command& command);
void setup_network_exists(Command& command);
void setup_network_inspect(Command& command);
void setup_network_ls(Command& command);
void setup_network_prune(Command& command);
void setup_network_reload(Command& command);
void setup_network_rm(Command& command);
void setup_network_update(Command& command);
void setup_pause(Command& command);
void setup_ps(Command& command);
void setup_pull(Command& command);
void setup_push(Command& command);
void setup_port(Command& command);
void setup_rename(Command& command);
void setup_restart(Command& command);
void setup_rm(Command& command);
void setup_rmi(Command& command);
void setup_run(Command& command);
void setup_save(Command& command);
void setup_search(Command& command);
void setup_start(Command& command);
void setup_stop(Command& command);
void setup_system_check(Command& command);
void setup_system_df(Command& command);
void setup_system_prune(Command& command);
void setup_system_reset(Command& command);
void setup_tag(Command& command);
void setup_unpause(Command& command);
void setup_unshare(Command& command);
void setup_untag(Command& command);
void setup_version(Command& command);
void setup_wait(Command& command);

}  // namespace coracle::cli
